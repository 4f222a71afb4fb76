"""What tracking tells the apps above it."""

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True)
class Recorded:
    """An event that was just written, for the first time."""

    organisation_id: int
    message_id: int
    lead_id: int
    kind: str
    url: str
    machine: bool
    rule: str
    at: datetime


# Sent with `events: list[Recorded]` inside the transaction that writes them: what a receiver does counts once, as they do.
happened = Signal()
