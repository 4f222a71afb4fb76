"""From the Gmail API's answer to what it means. The first row that fits counts.

Sources: [errors] developers.google.com/workspace/gmail/api/guides/handle-errors, [quota] …/reference/quota, [limits]
support.google.com/a/answer/166852 (sending limits of Workspace), [http] RFC 9110.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from senders.transports.base import Deferred, Outcome
from senders.transports.oauth import reason_of
from senders.transports.oauth_replies import (
    DAY,
    HOUR,
    Make,
    deferred,
    disconnected,
    rejected,
    seconds_in,
    throttled,
    unanswered,
)

RETRY_AFTER = re.compile(r"retry after (\d{4}-\d\d-\d\dT[\d:.]+Z)", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """A negative answer: HTTP status, Google's reason code, its words, and for how long it asked us to wait (seconds)."""

    status: int
    reason: str
    words: str
    wait: float | None


# Status, reason code and words, each a pattern; what follows.
TABLE: tuple[tuple[str, str, str, Make], ...] = (
    # [errors] 401 authError: refreshed once already (connection.py) when it comes to this.
    ("401", "", "", disconnected("Connect the mailbox again.")),
    # [errors] 429 "User-rate limit exceeded. Retry after … (Mail sending)" and [limits]: the mailbox's own daily limit, up
    # to 24 hours. The words are the only difference to the limit on requests.
    ("403|429", "", r"mail sending|daily (user )?sending", throttled(DAY)),
    # [errors] 403 dailyLimitExceeded, quotaExceeded.
    ("403|429", "dailyLimitExceeded|quotaExceeded", "", throttled(DAY)),
    # [errors] 403 and 429 rateLimitExceeded, userRateLimitExceeded; [quota] 15,000 units a minute and user.
    ("403|429", "(userR|r)ateLimitExceeded(Unreg)?|RESOURCE_EXHAUSTED|concurrentLimitExceeded", "", throttled(60)),
    ("429", "", "", throttled(60)),
    # [errors] 403 domainPolicy: the domain's administrators have disabled Gmail apps.
    ("403", "domainPolicy", "", disconnected("Ask the administrator of your Google Workspace to allow eCRM.")),
    # The API is not switched on in the operator's project: nothing that the mailbox's owner could mend.
    ("403", "accessNotConfigured|SERVICE_DISABLED", "", throttled(HOUR, "Tell the operator of eCRM.")),
    # [errors] 403 insufficientPermissions: sending was not allowed, or is not any more. Other 403: about the account.
    ("403", "", "", disconnected("Connect the mailbox again, and leave sending ticked.")),
    # 400 failedPrecondition "Mail service not enabled": a Google account without a mailbox.
    ("400", "failedPrecondition|FAILED_PRECONDITION", "", disconnected("Use an account that has a mailbox at Gmail.")),
    # [errors] 400 badRequest, invalidArgument ("Invalid To header"), 413 uploadTooLarge: this mail's own fault.
    ("400|413", "", "", rejected),
    # [errors] 500 backendError, 503: Google did not do it, and asks to try again later with longer and longer pauses.
    ("500|503", "", "", deferred),
    # [http] 15.6.3 and 15.6.5: a gateway that heard nothing from behind it. What is there may have sent the mail.
    ("502|504", "", "", unanswered),
    ("5..", "", "", deferred),
    ("...", "", "", deferred),
)


def outcome_of(reply: Reply) -> Outcome:
    words = f"{reply.status} {reply.words or reply.reason}".strip()
    for status, reason, text, make in TABLE:
        fits = re.fullmatch(status, f"{reply.status:03d}") and (not reason or re.fullmatch(reason, reply.reason))
        if fits and (not text or re.search(text, reply.words, re.IGNORECASE)):
            return make(words, reply.wait)
    return Deferred(words, reply.wait)


def read_reply(status: int, retry_after: str, content: bytes) -> Reply:
    """Google's error document, or whatever came instead of one."""
    try:
        error = json.loads(content)["error"]
        words, details = reason_of(error.get("message", "")), error.get("errors") or [{}]
        reason = str(details[0].get("reason") or error.get("status", ""))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        words, reason = "", ""
    return Reply(status, reason, words, seconds_asked(retry_after, words))


def seconds_asked(header: str, words: str) -> float | None:
    """The header `Retry-After` in seconds, or the time that Gmail puts into its words."""
    if (asked := seconds_in(header)) is not None:
        return asked
    if found := RETRY_AFTER.search(words):
        try:
            until = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        except ValueError:
            return None
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    return None
