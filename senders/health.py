"""A sender whose mails bounce or are complained about pauses by itself, before its mailbox is blocked for it.

In: what became of its last `WINDOW` mails, as the app above counts it (`OUTCOMES`). Out: the sender paused with the reason, and
its owners told (`senders.notices`). A person resumes it (`services.resume_sender`); only mails after that count from then on.

Complaints: Gmail and Yahoo ask for less than 0.3 % (https://support.google.com/a/answer/81126). Bounces: providers act between
5 and 10 % (Amazon SES reviews an account at 5 %: its FAQ on sending review).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now

from senders.errors import note_error
from senders.models import Sender, SenderState

# So many of the newest mails are looked at, and fewer than so many say nothing yet.
WINDOW = 200
LEAST = 50


@dataclass(frozen=True)
class Outcomes:
    """What became of a sender's newest mails."""

    mails: int
    bounced: int
    complained: int

    @property
    def bounce_rate(self) -> float:
        """Percent."""
        return 100 * self.bounced / self.mails if self.mails else 0.0

    @property
    def complaint_rate(self) -> float:
        """Percent."""
        return 100 * self.complained / self.mails if self.mails else 0.0


# The app above counts: sender, since when, how many at the most → what became of its newest mails.
OUTCOMES: list[Callable[[int, datetime | None, int], Outcomes]] = []
# Who wants to know that a sender was paused, and why.
HELD: list[Callable[[Sender, str], None]] = []


def outcomes_of(sender: Sender) -> Outcomes:
    """What became of its newest mails that count."""
    for count in OUTCOMES:
        return count(sender.pk, sender.health_since, WINDOW)
    return Outcomes(0, 0, 0)


def verdict(sender: Sender, outcomes: Outcomes) -> str:
    """Why it must pause, in words; empty where it need not."""
    if outcomes.mails < LEAST:
        return ""
    for limit, rate, count, what in (
        (
            sender.complaint_limit,
            outcomes.complaint_rate,
            outcomes.complained,
            ("was reported as spam", "were reported as spam"),
        ),
        (sender.bounce_limit, outcomes.bounce_rate, outcomes.bounced, ("bounced", "bounced")),
    ):
        if limit is not None and rate > limit:
            said = f"{count} of its last {outcomes.mails} mails {what[count != 1]}"
            return f"{said}: {rate:.1f} %, and its limit is {limit:g} %."
    return ""


def review(senders: Iterable[int]) -> list[int]:
    """Pause those of these senders whose mails fare too badly; returns which. Called as bounces and complaints come in."""
    active = Sender.objects.filter(pk__in=list(senders), state=SenderState.ACTIVE).order_by("pk")
    return [sender.pk for sender in active if hold(sender, verdict(sender, outcomes_of(sender)))]


def hold(sender: Sender, reason: str) -> bool:
    """Pause an active sender by itself for `reason`; whether it did. Nothing happens where there is no reason."""
    if not reason:
        return False
    held = Sender.objects.filter(pk=sender.pk, state=SenderState.ACTIVE).update(
        state=SenderState.PAUSED, state_reason=reason, held_at=Now(), notice_due=True
    )
    if held:
        note_error(sender.pk, f"Paused by itself. {reason}")
        for tell in HELD:
            tell(sender, reason)
    return bool(held)
