"""How a sender stands, for people and programs: what it sent, what it may still send, and when it goes on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from senders.models import Sender, SenderState
from senders.services import usage
from senders.window import in_words, next_opening


@dataclass(frozen=True)
class Standing:
    """`used`: mails of the last 24 hours. `next_at`: when the next one may go; None while it rests or waits for us."""

    sender: Sender
    used: int
    next_at: datetime | None

    @property
    def is_full(self) -> bool:
        """The cap is used up: the next mail goes as soon as the oldest of them is 24 hours old."""
        return self.sender.daily_limit is not None and self.used >= self.sender.daily_limit

    @property
    def is_ready(self) -> bool:
        return self.next_at is not None and not self.is_full and self.next_at <= timezone.now()

    @property
    def limit_in_words(self) -> str:
        return "no limit" if self.sender.daily_limit is None else f"of {self.sender.daily_limit}"

    @property
    def hours(self) -> str:
        return in_words(self.sender.window)

    @property
    def time_zone(self) -> str:
        """In which to tell its times."""
        return str(self.sender.window["time_zone"]) if self.sender.window else "UTC"


def standings(senders: Iterable[Sender]) -> list[Standing]:
    """How each of these stands; one query for all."""
    found = list(senders)
    used = usage([sender.pk for sender in found])
    return [Standing(sender, used[sender.pk], next_at(sender)) for sender in found]


def standing_of(sender: Sender) -> Standing:
    return standings([sender])[0]


def next_at(sender: Sender) -> datetime | None:
    """The next moment at which gap, pause and window let it send; None where its state does not."""
    if sender.state != SenderState.ACTIVE:
        return None
    return next_opening(sender.window, max(sender.next_slot_at, timezone.now()))
