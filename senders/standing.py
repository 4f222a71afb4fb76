"""How a sender stands, for people, programs and the engine: what it sent, what it may still send, and when it goes on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from senders.limits import Ceiling, ceiling_of, daily_cap, full_limit, ramp_days
from senders.models import Sender, SenderState
from senders.services import usage
from senders.window import in_words, next_opening

# The app above counts on how many days each sender has sent since its ramp-up began: senders → days by primary key.
SENDING_DAYS: list[Callable[[list[Sender]], dict[int, int]]] = []
# And says when a sender, by primary key, that may send so many mails in 24 hours has room for the next one.
ROOM: list[Callable[[int, int], datetime | None]] = []


@dataclass(frozen=True)
class Standing:
    """`used`: mails of the last 24 hours. `cap`: how many may go in any 24 hours, as of today; None: no limit. `days`: on
    how many it has sent since its ramp-up began. `next_at`: when the next one may go; None while it rests or waits for us.
    """

    sender: Sender
    used: int
    cap: int | None
    days: int
    next_at: datetime | None

    @property
    def is_full(self) -> bool:
        """The cap is used up: the next mail goes as soon as there is room for it."""
        return self.cap is not None and self.used >= self.cap

    @property
    def is_ready(self) -> bool:
        return self.next_at is not None and not self.is_full and self.next_at <= timezone.now()

    @property
    def waits_for_room(self) -> bool:
        """The cap is used up, and when there will be room is not known."""
        return self.is_full and self.next_at is not None and self.next_at <= timezone.now()

    @property
    def limit_in_words(self) -> str:
        return "no limit" if self.cap is None else f"of {self.cap:,}"

    @property
    def use_in_words(self) -> str:
        return f"{self.used:,} {self.limit_in_words} mails in the last 24 hours"

    @property
    def is_ramping(self) -> bool:
        """The ramp-up is what limits it today."""
        return self.cap is not None and self.sender.ramp_start is not None and self.cap != full_limit(self.sender)

    @property
    def ramp_days_left(self) -> int | None:
        """Days of sending until the ramp-up has reached its end; None where it has none."""
        needed = ramp_days(self.sender)
        return None if needed is None else max(0, needed - self.days)

    @property
    def full_limit(self) -> int | None:
        return full_limit(self.sender)

    @property
    def ceiling(self) -> Ceiling | None:
        return ceiling_of(self.sender)

    @property
    def hours(self) -> str:
        return in_words(self.sender.window)

    @property
    def time_zone(self) -> str:
        """In which to tell its times."""
        return str(self.sender.window["time_zone"]) if self.sender.window else "UTC"


def standings(senders: Iterable[Sender]) -> list[Standing]:
    """How each of these stands; one query for all, and one for each that has used up its cap."""
    found = list(senders)
    used, days = usage([sender.pk for sender in found]), sending_days(found)
    caps = {sender.pk: daily_cap(sender, days[sender.pk]) for sender in found}
    return [
        Standing(
            sender, used[sender.pk], caps[sender.pk], days[sender.pk], next_at(sender, used[sender.pk], caps[sender.pk])
        )
        for sender in found
    ]


def standing_of(sender: Sender) -> Standing:
    return standings([sender])[0]


def sending_days(senders: list[Sender]) -> dict[int, int]:
    """On how many days each has sent since its ramp-up began; 0 for those without one."""
    days = dict.fromkeys((sender.pk for sender in senders), 0)
    ramping = [sender for sender in senders if sender.ramp_started_at]
    if ramping:
        for count in SENDING_DAYS:
            days |= count(ramping)
    return days


def cap_of(sender: Sender) -> int | None:
    """How many mails may go in any 24 hours, as of today; None: no limit."""
    return daily_cap(sender, sending_days([sender])[sender.pk])


def next_at(sender: Sender, used: int = 0, cap: int | None = None) -> datetime | None:
    """The next moment at which cap, gap, pause and window let it send; None where its state does not."""
    if sender.state != SenderState.ACTIVE:
        return None
    at = max(sender.next_slot_at, timezone.now())
    if cap is not None and used >= cap:
        at = max([at, *(room for find in ROOM if (room := find(sender.pk, cap)))])
    return next_opening(sender.window, at)
