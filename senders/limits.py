"""What a sender may send: daily cap, ramp-up, the ceilings of its provider, and the pause between two mails.

In: a sender's own settings, and on how many days it has sent since its ramp-up began. Out: a number of mails in any 24
hours, and seconds. Nothing here asks the database; `senders.standing` does.
"""

import random
from dataclasses import dataclass

from senders.models import Kind, Sender

# A pause is drawn anew for each mail within this part of itself, so that mails do not leave by the clock.
JITTER = 0.2


@dataclass(frozen=True)
class Ceiling:
    """What a provider lets one mailbox send: mails in 24 hours, and in a minute (None: not said). `suggested` is what a
    newly connected mailbox is set to: far below, since new mailboxes get less and a full one is blocked for a day.
    """

    provider: str
    per_day: int
    per_minute: int | None
    suggested: int
    source: str


# Over a rolling 24 hours, and a mailbox over it sends nothing for up to 24 hours.
GMAIL = Ceiling("Gmail", 500, None, 100, "https://support.google.com/mail/answer/22839")
WORKSPACE = Ceiling("Google Workspace", 2000, None, 300, "https://support.google.com/a/answer/166852")
# "Recipient rate limit" and "message rate limit" of Exchange Online.
EXCHANGE = Ceiling(
    "Exchange Online",
    10_000,
    30,
    300,
    "https://learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits",
)

GMAIL_DOMAINS = {"gmail.com", "googlemail.com"}
GOOGLE_HOSTS = {"smtp.gmail.com", "smtp.googlemail.com"}
MICROSOFT_HOSTS = {"smtp.office365.com", "smtp-mail.outlook.com"}


def ceiling_of(sender: Sender) -> Ceiling | None:
    """What its provider allows; None where we do not know the provider."""
    host = sender.host.lower()
    if sender.kind == Kind.GMAIL or host in GOOGLE_HOSTS:
        return GMAIL if sender.address.rpartition("@")[2].lower() in GMAIL_DOMAINS else WORKSPACE
    if sender.kind == Kind.OUTLOOK or host in MICROSOFT_HOSTS:
        return EXCHANGE
    return None


def suggested_limit(sender: Sender) -> int | None:
    """The daily limit for a newly connected mailbox whose owner has named none; None where its provider is not known."""
    ceiling = ceiling_of(sender)
    return ceiling.suggested if ceiling else None


def ramp_limit(sender: Sender, days: int) -> int | None:
    """What the ramp-up allows after `days` days of sending; None where there is none."""
    if sender.ramp_start is None:
        return None
    reached = sender.ramp_start + (sender.ramp_step or 0) * days
    return reached if sender.ramp_ceiling is None else min(reached, sender.ramp_ceiling)


def full_limit(sender: Sender) -> int | None:
    """Mails in any 24 hours once its ramp-up is over; None: no limit."""
    ceiling = ceiling_of(sender)
    known = [sender.daily_limit, ceiling.per_day if ceiling else None]
    if sender.ramp_start is not None:
        known.append(sender.ramp_ceiling)
    return min((limit for limit in known if limit is not None), default=None)


def daily_cap(sender: Sender, days: int) -> int | None:
    """Mails in any 24 hours after `days` days of sending since the ramp-up began; None: no limit."""
    known = [limit for limit in (full_limit(sender), ramp_limit(sender, days)) if limit is not None]
    return min(known, default=None)


def ramp_days(sender: Sender) -> int | None:
    """How many days of sending the ramp-up takes to reach its end; None where there is none, or no end to it."""
    full = full_limit(sender)
    if sender.ramp_start is None or not sender.ramp_step or full is None:
        return None
    return -(-max(0, full - sender.ramp_start) // sender.ramp_step)


def least_gap(sender: Sender) -> float:
    """The shortest pause between two of its mails, in seconds, that its provider allows."""
    ceiling = ceiling_of(sender)
    return 60.0 / ceiling.per_minute if ceiling and ceiling.per_minute else 0.0


def has_gap(sender: Sender) -> bool:
    return bool(sender.gap_seconds or least_gap(sender))


def draw_gap(sender: Sender) -> float:
    """Seconds to pause before the next mail: the sender's own, give or take `JITTER`, never below its provider's."""
    own = sender.gap_seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return max(own, least_gap(sender))
