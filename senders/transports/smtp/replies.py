"""From a server's reply to what it means, by the stage at which it came. The first row that fits counts.

Codes: RFC 5321 4.2.2; enhanced codes: RFC 3463, RFC 5248 (IANA registry); Gmail and Microsoft: their SMTP error references.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from senders.transports.base import Deferred, Disconnected, Outcome, Rejected, Throttled

HOUR = 3600.0


@dataclass(frozen=True)
class Row:
    stages: str  # one letter a stage: g greeting and hello, a sign-in, m MAIL, r RCPT, d DATA and the answer to its end
    code: str  # a pattern for the three digits
    text: str  # a pattern for the enhanced code and the words
    outcome: Callable[[str], Outcome]


def row(stages: str, code: str, text: str, outcome: Callable[[str], Outcome]) -> Row:
    return Row(stages, code, text, outcome)


def throttled(seconds: float) -> Callable[[str], Outcome]:
    return lambda reason: Throttled(reason, seconds)


TABLE = (
    # RFC 4954 6: 535 credentials invalid, 534 mechanism too weak, 530 sign-in required, 538 encryption required.
    row("a", r"53[458]", "", Disconnected),
    row("gamrd", r"530", "", Disconnected),
    # RFC 4954 6: 454 4.7.0 temporary failure of the sign-in; RFC 5321 3.8: 421, the service is closing down.
    row("a", r"4..", "", throttled(300)),
    row("a", r"5..", "", Disconnected),
    # Gmail: "Daily user sending limit exceeded" (550 5.4.5), "sending too fast" (421/450 4.7.0, 4.2.1).
    row("mrd", r"550", r"5\.4\.5|daily .*limit", throttled(12 * HOUR)),
    row("mrd", r"4..", r"4\.7\.0|4\.7\.28|4\.2\.1 .*rate|too (many|fast)|rate limit", throttled(300)),
    # Exchange Online: 432 4.3.2 concurrent connections, 550 5.1.90 and 5.7.233 recipients or messages per day.
    row("gamrd", r"432", "", throttled(60)),
    row("mrd", r"5..", r"5\.1\.90|5\.7\.233|5\.7\.232", throttled(12 * HOUR)),
    # Exchange Online and others: 5.7.60 and 5.7.1 at MAIL: this account may not send as this address.
    row("m", r"5..", r"5\.7\.|sender|not allowed|permission", Disconnected),
    row("g", r"[45]..", "", throttled(300)),
    # The sender itself is refused: no recipient will do better.
    row("m", r"5..", "", throttled(HOUR)),
    row("m", r"4..", "", throttled(120)),
    # A full mailbox is for later (RFC 3463 X.2.2; 552 at RCPT is treated as 452: RFC 5321 4.5.3.1.10).
    row("rd", r"552|5..", r"5\.2\.2|quota|mailbox (is )?full", Deferred),
    row("rd", r"4..", "", Deferred),
    row("rd", r"5..", "", Rejected),
)


def outcome_of(stage: str, code: int, text: str) -> Outcome:
    """What a negative reply means; an answer that is no SMTP at all is for later."""
    words = re.sub(r"\s+", " ", text).strip()[:300]
    reason = f"{code} {words}".strip()
    digits = f"{code:03d}" if 0 <= code <= 999 else "000"
    for entry in TABLE:
        fits = stage in entry.stages and re.fullmatch(entry.code, digits)
        if fits and (not entry.text or re.search(entry.text, words, re.IGNORECASE)):
            return entry.outcome(reason)
    return Deferred(f"The server answered with something that is no SMTP: {reason}")
