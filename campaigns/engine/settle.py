"""What becomes of a message after its outcome, and of its sender."""

import random
import uuid

from django.db import connection

from campaigns.activity import note_sender
from campaigns.engine.persist import persist
from campaigns.engine.write import Settlement
from campaigns.models import MessageState
from leads.mailable import suppressed
from senders.errors import note_error
from senders.models import Sender
from senders.transports.base import Deferred, Disconnected, Outcome, Rejected, Sent, Throttled, Unanswered

MAX_ATTEMPTS = 6
# Back-off of a message that was put off, in seconds: 1, 4, 16, 64, 256 minutes, give or take a quarter.
FIRST_RETRY = 60.0
RETRY_FACTOR = 4
# How long a mail waits for its lead to get a field, before it is looked at again (seconds).
MISSING_RETRY = 3600.0
# Where the vault cannot open a sender's secret: a person must enter it again.
SECRET_LOST = "The stored password cannot be read any more: enter it again."  # noqa: S105

WHY_SKIP = f"""
SELECT CASE
    WHEN campaign.state = 'stopped' THEN 'The campaign was stopped.'
    WHEN {suppressed("lead")} THEN 'The lead is on the suppression list.'
    WHEN enrollment.state NOT IN ('active', 'paused') THEN 'The sequence was stopped for this lead.'
    ELSE '' END
FROM campaigns_message message
JOIN campaigns_campaign campaign ON campaign.id = message.campaign_id
JOIN campaigns_enrollment enrollment ON enrollment.id = message.enrollment_id
JOIN leads_lead lead ON lead.id = message.lead_id
WHERE message.id = %(id)s AND message.lease = %(lease)s AND message.state = 'sending'
"""  # noqa: S608  (words of our own)

# One whose lead was paused meanwhile has no time any more.
GIVE_BACK = """
UPDATE campaigns_message message SET state = 'planned', lease = NULL, offered_at = NULL,
    attempts = greatest(attempts - 1, 0),
    due_at = CASE WHEN (SELECT state FROM campaigns_enrollment WHERE id = message.enrollment_id) = 'paused' THEN NULL
                  ELSE due_at END
WHERE lease = %(lease)s AND state = 'sending' AND id = ANY(%(ids)s)
"""

STOP_SENDER = """
UPDATE senders_sender SET
    last_error = %(reason)s, last_error_at = now(),
    state = CASE WHEN %(disconnect)s THEN 'disconnected' ELSE state END,
    state_reason = CASE WHEN %(disconnect)s THEN %(reason)s ELSE state_reason END,
    notice_due = notice_due OR (%(disconnect)s AND state = 'active'),
    next_slot_at = greatest(next_slot_at, now() + make_interval(secs => %(wait)s))
WHERE id = %(sender)s
"""


def back_off(attempts: int, asked: float | None) -> float:
    """Seconds until the next attempt after `attempts` of them: what the server asked, or exponential with jitter."""
    wait: float = FIRST_RETRY * RETRY_FACTOR ** max(0, attempts - 1) * random.uniform(0.75, 1.25)  # noqa: S311
    return max(wait, asked or 0.0)


def settlement(message: int, attempts: int, outcome: Outcome, gap: float) -> Settlement:
    """The table from what the transport heard to what the message becomes."""
    match outcome:
        case Sent():
            return Settlement(message, MessageState.SENT, provider_id=outcome.provider_id[:255], gap=gap)
        case Rejected():
            return Settlement(message, MessageState.FAILED, outcome.reason[:500], gap=gap)
        case Unanswered():
            return Settlement(message, MessageState.UNKNOWN, outcome.reason[:500], gap=gap)
        case Throttled(connecting=True) | Disconnected():
            return Settlement(message, MessageState.PLANNED, outcome.reason[:500], give_back=1)
        # What was said of the sender may be due to this mail alone: it must not make the sender rest for ever.
        case Deferred() | Throttled() if attempts >= MAX_ATTEMPTS:
            return Settlement(
                message, MessageState.FAILED, f"Gave up after {attempts} attempts: {outcome.reason}"[:500]
            )
        case Deferred() | Throttled():
            wait = back_off(attempts, outcome.retry_after)
            return Settlement(message, MessageState.PLANNED, outcome.reason[:500], wait)


def unfit(message: int, error: str, *, waits: bool) -> Settlement:
    """What becomes of a message that could not be built: it failed, or waits for its lead to get what is missing."""
    if waits:
        return Settlement(message, MessageState.PLANNED, error, MISSING_RETRY, give_back=1)
    return Settlement(message, MessageState.FAILED, error, give_back=1)


def why_skip(message: int, lease: uuid.UUID) -> str:
    """Why a message of ours must never be offered, in words; empty where it may be, some other time."""
    with connection.cursor() as cursor:
        cursor.execute(WHY_SKIP, {"id": message, "lease": lease})
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def give_back(lease: uuid.UUID, messages: list[int]) -> None:
    """Return claimed messages that were never offered to planned."""
    if not messages:
        return

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, {"lease": lease, "ids": messages})

    persist(work)


def stop_sender(sender: int, outcome: Throttled | Disconnected) -> None:
    """Let a throttled sender rest until its time, a disconnected one until a person has reconnected it."""
    disconnect = isinstance(outcome, Disconnected)
    wait = float(outcome.retry_after or FIRST_RETRY) if isinstance(outcome, Throttled) else 0.0
    reason = outcome.reason[:500]

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute(STOP_SENDER, {"sender": sender, "reason": reason, "disconnect": disconnect, "wait": wait})
        note_error(sender, reason)
        if disconnect and (found := Sender.objects.filter(pk=sender).first()):
            note_sender(found, "sender_disconnected", f"{found.address} must be reconnected: {reason}")

    persist(work)
