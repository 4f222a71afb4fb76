"""Campaigns over the API (../shared/API.md): what they are, what moves them, who is in them, what became of their mails."""

from campaigns.api import enrollments, moves
from campaigns.api.campaigns import router

router.add_router("", enrollments.router)
router.add_router("", moves.router)

__all__ = ["router"]
