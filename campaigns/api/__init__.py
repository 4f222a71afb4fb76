"""Campaigns over the API (../shared/API.md): what they are, what moves them, what became of their mails."""

from campaigns.api.campaigns import router

__all__ = ["router"]
