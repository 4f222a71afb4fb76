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
    # RFC 4954 6: 535 credentials invalid, 534 mechanism too weak, 538 encryption required, 454 a temporary failure.
    row("a", r"4..", "", throttled(300)),
    row("a", r"5..", "", Disconnected),
    # RFC 4954 6: 530 sign-in required, at any command. RFC 5321 3.1: 554 instead of a greeting, nobody is served here.
    row("gmrd", r"530", "", Disconnected),
    row("g", r"[45]..", "", throttled(300)),
    # Gmail: 550 5.4.5 "Daily user sending limit exceeded"; Exchange Online: 5.1.90, 5.7.232 and 5.7.233 for a day's
    # recipients and messages; others in words.
    row("mrd", r"5..", r"5\.4\.5|5\.1\.90|5\.7\.23[23]", throttled(12 * HOUR)),
    row("mrd", r"5..", r"(daily|hourly|sending|outgoing|rate) [a-z ]*(limit|quota)", throttled(12 * HOUR)),
    # Greylisting (RFC 6647) asks for this mail again later, whatever code it comes with.
    row("mrd", r"4..", r"gr[ea]y-?list", Deferred),
    # Gmail: "sending too fast" (421, 450 4.7.0, 4.7.28, 4.2.1); 450 4.7.x: a policy about us. Exchange Online: 432 4.3.2,
    # too many connections.
    row("mrd", r"432", "", throttled(60)),
    row("mrd", r"4..", r"4\.7\.|4\.2\.1 .*rate|too (many|fast)|rate limit", throttled(300)),
    # RFC 1870 6.1: the mail is larger than the server takes; that is this mail's fault alone.
    row("m", r"5..", r"5\.3\.4|size|too (large|big)", Rejected),
    # 5.7.1, 5.7.60 and the like at MAIL: this account may not send as this address. Relaying denied: it may not send at all.
    row("m", r"5..", r"5\.7\.|sender|not allowed|permission", Disconnected),
    row("rd", r"5..", r"relay(ing)? (access )?(is )?(denied|not permitted)|unable to relay|5\.7\.8", Disconnected),
    # RFC 7372 (5.7.20 to 5.7.26: DKIM, SPF, reverse DNS), Gmail 5.7.26 to 30, Exchange Online 5.7.5xx to 7xx: our domain or
    # host is refused, not this recipient.
    row("rd", r"5..", r"5\.7\.(2\d|30|[567]\d\d)\b", throttled(HOUR)),
    # The sender itself is refused: no recipient will do better.
    row("m", r"5..", "", throttled(HOUR)),
    row("m", r"4..", "", throttled(120)),
    # A full mailbox is for later (RFC 3463 X.2.2), and so is 552 at RCPT (RFC 5321 4.5.3.1.10).
    row("r", r"552", "", Deferred),
    row("rd", r"5..", r"5\.2\.2|over ?quota|mailbox (is )?full", Deferred),
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
