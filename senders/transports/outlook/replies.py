"""From Microsoft Graph's answer to what it means. The first row that fits counts.

Sources: [graph] learn.microsoft.com/graph/errors, [limits] …/graph/throttling-limits (Outlook service), [exo] Exchange
Online limits (sending limits), [ews] ResponseCodeType of Exchange Web Services, whose codes Graph hands on as `Error…`,
[http] RFC 9110, [seen] learn.microsoft.com/answers/questions/5629476.
"""

import json
import re
from dataclasses import dataclass

from senders.transports.base import Deferred, Outcome
from senders.transports.oauth import reason_of
from senders.transports.oauth_replies import (
    DAY,
    HOUR,
    MINUTE,
    Make,
    deferred,
    disconnected,
    rejected,
    seconds_in,
    throttled,
    unanswered,
)


@dataclass(frozen=True)
class Reply:
    """A negative answer: HTTP status, Graph's error code, its words, and `Retry-After` (seconds)."""

    status: int
    code: str
    words: str
    wait: float | None


# Status and error code, each a pattern; what follows.
TABLE: tuple[tuple[str, str, Make], ...] = (
    # [exo] 10,000 recipients a day, [ews] ErrorExceededMessageLimit and ErrorMessageSubmissionBlocked: Exchange takes no
    # more from this mailbox, the one until tomorrow, the other until its owner has proved to be a person.
    ("...", r"ErrorExceededMessageLimit|ErrorMessageCountLimitExceeded|.*RecipientRateLimit.*", throttled(DAY)),
    ("...", r"ErrorMessageSubmissionBlocked|ErrorAccountSuspend.*", disconnected("Sign in to Outlook: it says what to do.")),
    # [ews] this account may not send as this address.
    ("...", r"ErrorSendAsDenied", disconnected("Use the mailbox's own address.")),
    # [ews] the account has no mailbox (any more), or no licence for one.
    ("...", r"MailboxNotEnabledForRESTAPI|MailboxNotSupportedForRESTAPI|ErrorNonExistentMailbox|ErrorMailboxNotFound",
     disconnected("Use an account that has a mailbox.")),
    # [ews] the mailbox is full: what was sent could not be kept in it.
    ("...", r"ErrorQuotaExceeded", throttled(HOUR)),
    # [limits] 4 requests at a time (MailboxConcurrency), 10,000 in 10 minutes; [exo] 30 messages a minute.
    ("429", r"", throttled(MINUTE)),
    ("...", r"ApplicationThrottled|TooManyRequests|ErrorTooManyObjectsOpened|CommandConcurrencyLimitReached",
     throttled(MINUTE)),
    # [ews] moves from one database to another take minutes.
    ("423|...", r"ErrorMailboxMoveInProgress|ErrorMailboxStoreUnavailable", throttled(5 * MINUTE)),
    # [graph] 401: renewed once already (connection.py) when it comes to this. 403: Mail.Send is not granted (any more),
    # or an administrator forbids it.
    ("401|403", r"", disconnected("Connect the mailbox again, or ask the administrator of your organisation.")),
    # [graph] 400, 413, [ews] ErrorInvalidRecipients, ErrorMimeContentInvalid, ErrorMessageSizeExceeded: this mail's own fault.
    ("400|413|422", r"", rejected),
    # [graph] 503 and 509: come back later. ErrorServerBusy is the same in words.
    ("503|509", r"", deferred),
    ("...", r"ErrorServerBusy|serviceNotAvailable", deferred),
    # [http] 15.6.3 and 15.6.5: a gateway that heard nothing from behind it. [seen] 500 (UnknownError,
    # ErrorInternalServerError) came for mails that had been delivered: sendMail answers before it is through.
    ("500|502|504", r"", unanswered),
    ("...", r"", deferred),
)  # fmt: skip


def outcome_of(reply: Reply) -> Outcome:
    words = f"{reply.status} {reply.code}: {reply.words}" if reply.code else f"{reply.status} {reply.words}"
    for status, code, make in TABLE:
        if re.fullmatch(status, f"{reply.status:03d}") and (not code or re.fullmatch(code, reply.code)):
            return make(words.strip(": "), reply.wait)
    return Deferred(words, reply.wait)


def read_reply(status: int, retry_after: str, content: bytes) -> Reply:
    """Graph's error document, or whatever came instead of one."""
    try:
        error = json.loads(content)["error"]
        code, words = str(error.get("code", "")), reason_of(error.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        code = words = ""
    return Reply(status, code, words, seconds_in(retry_after))
