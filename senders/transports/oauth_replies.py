"""What the rows of Google's and Microsoft's tables of answers are made of."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from senders.transports.base import Deferred, Disconnected, Outcome, Rejected, Throttled, Unanswered

MINUTE = 60.0
HOUR = 3600.0
DAY = 24 * HOUR

# The answer's words, and how long it asked us to wait (seconds).
Make = Callable[[str, float | None], Outcome]


def deferred(words: str, wait: float | None) -> Outcome:
    return Deferred(words, wait)


def rejected(words: str, _: float | None) -> Outcome:
    return Rejected(words)


def unanswered(words: str, _: float | None) -> Outcome:
    return Unanswered(words)


def throttled(seconds: float, advice: str = "") -> Make:
    return lambda words, wait: Throttled(f"{words} {advice}".strip(), wait or seconds)


def disconnected(advice: str) -> Make:
    return lambda words, _: Disconnected(f"{words.rstrip('.')}. {advice}")


def seconds_in(header: str) -> float | None:
    """`Retry-After` in seconds: a number, or a date (RFC 9110 10.2.3)."""
    if header.strip().isascii() and header.strip().isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
