"""Record a message's outcome, and say that the next one is about to be offered: one statement, one round trip, one
commit.
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.db import connection

from campaigns.engine.persist import persist
from campaigns.engine.statement import Running, Statement
from campaigns.models import MessageState
from senders.errors import note_error
from senders.transports.base import Deferred, Disconnected, Outcome, Rejected, Sent, Throttled, Unanswered

MAX_ATTEMPTS = 6
# Back-off of a message that was put off, in seconds: 1, 4, 16, 64, 256 minutes, give or take a quarter.
FIRST_RETRY = 60.0
RETRY_FACTOR = 4
# Where the vault cannot open a sender's secret: a person must enter it again.
SECRET_LOST = "The stored password cannot be read any more: enter it again."  # noqa: S105

# `settled` moves the message that was just answered. It may have become unknown meanwhile, where our lease expired
# while we waited: our late answer is the truth. What follows the step is the enrollment's next step, or its end; one that
# was stopped meanwhile stays so. `slot` is the pause before the sender's next mail. `offered` is the gate: the next
# message passes only while our lease holds, its campaign runs, its sender is active, its lead's sequence goes on and its
# lead is not suppressed, all as of now.
#
# It may be sent twice, where the connection went away before its answer: what is settled is not settled again, and a
# message that is ours to offer still is.
#
# Its look-ups are written so that each goes by a primary key, whatever the planner knows of the tables; `state || ''`
# keeps it from the index of messages in flight, which is short and full of dead entries.
#
# Cost: 0.23 ms, and 0.15 to 0.25 for the commit's fsync; planned at each call, a further millisecond (benchmarks/README.md).
SETTLE_AND_OFFER = Statement(
    "settle_and_offer",
    """
WITH settled AS (
    UPDATE campaigns_message SET state = %(state)s::text, error = %(error)s::text,
        provider_id = %(provider_id)s::text,
        sent_at = CASE WHEN %(state)s::text = 'sent' THEN now() ELSE sent_at END,
        offered_at = CASE WHEN %(state)s::text = 'planned' THEN NULL ELSE offered_at END,
        due_at = CASE WHEN %(state)s::text = 'planned' THEN now() + make_interval(secs => %(wait)s::float8)
                      ELSE due_at END,
        attempts = attempts - %(give_back)s::int
    WHERE id = %(settle)s::bigint AND lease = %(lease)s::uuid AND state IN ('sending', 'unknown')
    RETURNING enrollment_id, campaign_id, step_id, sender_id, state
), advanced AS (
    UPDATE campaigns_enrollment enrollment SET
        state = CASE WHEN settled.state <> 'sent' THEN 'stopped' WHEN following.id IS NULL THEN 'finished'
                     ELSE 'active' END,
        reason = CASE WHEN settled.state <> 'sent' THEN settled.state ELSE enrollment.reason END,
        next_position = enrollment.next_position + 1,
        due_at = CASE WHEN settled.state = 'sent' AND following.id IS NOT NULL
                      THEN now() + make_interval(secs => following.delay_hours * 3600) END
    FROM settled
    JOIN campaigns_step step ON step.id = settled.step_id
    LEFT JOIN campaigns_step following
        ON following.campaign_id = step.campaign_id AND following.position = step.position + 1
    WHERE enrollment.id = settled.enrollment_id AND settled.state IN ('sent', 'failed', 'skipped')
      AND enrollment.state = 'active'
), slot AS (
    UPDATE senders_sender SET next_slot_at = now() + make_interval(secs => %(gap)s::float8)
    WHERE id = (SELECT sender_id FROM settled) AND %(gap)s::float8 > 0
)
UPDATE campaigns_message message SET offered_at = now()
WHERE message.id = %(offer)s::bigint AND message.lease = %(lease)s::uuid AND message.state || '' = 'sending'
  AND (SELECT state FROM campaigns_campaign WHERE id = message.campaign_id) = 'running'
  AND (SELECT state FROM campaigns_enrollment WHERE id = message.enrollment_id) = 'active'
  AND (SELECT lease = %(lease)s::uuid AND state = 'active' FROM senders_sender WHERE id = message.sender_id)
  AND (SELECT NOT EXISTS (SELECT FROM leads_suppression suppressed
                          WHERE suppressed.organisation_id = lead.organisation_id
                            AND suppressed.digest = lead.digest)
       FROM leads_lead lead WHERE lead.id = message.lead_id)
""",
)

WHY_SKIP = """
SELECT CASE
    WHEN campaign.state = 'stopped' THEN 'The campaign was stopped.'
    WHEN EXISTS (SELECT FROM leads_suppression suppressed
                 WHERE suppressed.organisation_id = lead.organisation_id AND suppressed.digest = lead.digest)
        THEN 'The lead is on the suppression list.'
    WHEN enrollment.state <> 'active' THEN 'The sequence was stopped for this lead.'
    ELSE '' END
FROM campaigns_message message
JOIN campaigns_campaign campaign ON campaign.id = message.campaign_id
JOIN campaigns_enrollment enrollment ON enrollment.id = message.enrollment_id
JOIN leads_lead lead ON lead.id = message.lead_id
WHERE message.id = %(id)s AND message.lease = %(lease)s AND message.state = 'sending'
"""

GIVE_BACK = """
UPDATE campaigns_message SET state = 'planned', lease = NULL, offered_at = NULL, attempts = greatest(attempts - 1, 0)
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


@dataclass(frozen=True)
class Settlement:
    """What becomes of one message: its new state, why, and how long a planned one waits (seconds)."""

    message: int
    state: MessageState
    error: str = ""
    wait: float = 0.0
    provider_id: str = ""
    gap: float = 0.0  # seconds before the sender's next mail
    give_back: Literal[0, 1] = 0  # 1: the attempt does not count: it was not offered, or not at fault


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


def ask(lease: uuid.UUID, done: Settlement | None, offer: int | None) -> Running:
    """Record `done`, then mark message `offer` as about to be sent; the answer's one row says that it may be."""
    return SETTLE_AND_OFFER.start(
        lease=lease,
        settle=done.message if done else None,
        state=done.state.value if done else "",
        error=done.error if done else "",
        provider_id=done.provider_id if done else "",
        wait=done.wait if done else 0.0,
        gap=done.gap if done else 0.0,
        give_back=done.give_back if done else 0,
        offer=offer,
    )


def settle_and_offer(
    lease: uuid.UUID, done: Settlement | None, offer: int | None, meanwhile: Callable[[], None] | None = None
) -> bool:
    """Record `done`, then mark message `offer` as about to be sent; whether that one may be. `meanwhile` runs while
    PostgreSQL is at it, and leaves the connection alone.

    What a server has answered must not get lost because PostgreSQL is away for a moment: this waits (`persist`).
    """

    def work() -> bool:
        nonlocal meanwhile
        running = ask(lease, done, offer)
        if meanwhile:
            once, meanwhile = meanwhile, None
            once()
        return running.rows() == 1

    return persist(work)


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

    persist(work)
