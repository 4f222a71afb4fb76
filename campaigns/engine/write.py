"""Record outcomes, and say which messages are about to be offered: one statement, one round trip, one commit, for all the
connections of a drain and all the drains of this process that are at that point.

A group commit: the drain that comes first writes, on its own connection to PostgreSQL. Who comes meanwhile waits, and is
written together with all the others that wait when the first one is done. So a drain alone never waits for another, and
the busier a process is, the less each message costs PostgreSQL. No drain goes on before its own entry is on the disk.
"""

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.db import DatabaseError, connection

from campaigns.engine.persist import GONE, persist
from campaigns.engine.statement import Statement
from campaigns.models import MessageState
from leads.mailable import mailable

# `settled` moves the messages that were just answered. One may have become unknown meanwhile, where our lease expired
# while we waited: our late answer is the truth. What follows the step is the enrollment's next step, or its end; one that
# was stopped or paused meanwhile stays so. `slot` is the pause before a sender's next mail. `next` is the gate: a message
# passes only while our lease holds, its campaign runs, its sender is active, its lead's sequence goes on and its lead is not
# suppressed, all as of now.
#
# It may be sent twice, where the connection went away before its answer: what is settled is not settled again, and a
# message that is ours to offer still is.
#
# Its look-ups are written so that each goes by a primary key, whatever the planner knows of the tables; `state || ''`
# keeps it from the index of messages in flight, which is short and full of dead entries. The arrays stand in sub-selects,
# so that it cannot see how long they are: it would take a plan for one entry for cheaper than one for any number of
# them, and plan the statement anew at each call, which takes longer than to run it.
SETTLE_AND_OFFER = Statement(
    "settle_and_offer",
    f"""
WITH given AS (
    SELECT * FROM unnest((SELECT %(leases)s::uuid[]), (SELECT %(settle)s::bigint[]), (SELECT %(states)s::text[]),
        (SELECT %(errors)s::text[]), (SELECT %(provider_ids)s::text[]), (SELECT %(waits)s::float8[]),
        (SELECT %(gaps)s::float8[]), (SELECT %(give_back)s::int[]))
    AS given (lease, id, state, error, provider_id, wait, gap, give_back)
), settled AS (
    UPDATE campaigns_message message SET state = given.state, error = given.error, provider_id = given.provider_id,
        sent_at = CASE WHEN given.state = 'sent' THEN now() ELSE sent_at END,
        offered_at = CASE WHEN given.state = 'planned' THEN NULL ELSE offered_at END,
        due_at = CASE WHEN given.state = 'planned' THEN now() + make_interval(secs => given.wait) ELSE due_at END,
        attempts = attempts - given.give_back
    FROM given
    WHERE message.id = given.id AND message.lease = given.lease AND message.state || '' IN ('sending', 'unknown')
    RETURNING message.enrollment_id, message.step_id, message.sender_id, message.state, given.gap
), advanced AS (
    UPDATE campaigns_enrollment enrollment SET
        state = CASE WHEN settled.state <> 'sent' THEN 'stopped' WHEN following.id IS NULL THEN 'finished'
                     ELSE enrollment.state END,
        reason = CASE WHEN settled.state <> 'sent' THEN settled.state ELSE enrollment.reason END,
        next_position = enrollment.next_position + 1,
        due_at = CASE WHEN settled.state = 'sent' AND following.id IS NOT NULL
                      THEN campaigns_due_after(now(), following.delay_hours, following.delay_business_days,
                          (SELECT time_zone FROM campaigns_campaign WHERE id = step.campaign_id)) END
    FROM settled
    JOIN campaigns_step step ON step.id = settled.step_id
    LEFT JOIN campaigns_step following
        ON following.campaign_id = step.campaign_id AND following.position = step.position + 1
    WHERE enrollment.id = settled.enrollment_id AND settled.state IN ('sent', 'failed', 'skipped')
      AND enrollment.state IN ('active', 'paused')
), slot AS (
    UPDATE senders_sender sender SET next_slot_at = now() + make_interval(secs => settled.gap)
    FROM settled WHERE sender.id = settled.sender_id AND settled.gap > 0
)
UPDATE campaigns_message message SET offered_at = now()
FROM unnest((SELECT %(offer_leases)s::uuid[]), (SELECT %(offer)s::bigint[])) AS next (lease, id)
WHERE message.id = next.id AND message.lease = next.lease AND message.state || '' = 'sending'
  AND (SELECT state FROM campaigns_campaign WHERE id = message.campaign_id) = 'running'
  AND (SELECT state FROM campaigns_enrollment WHERE id = message.enrollment_id) = 'active'
  AND (SELECT lease = next.lease AND state = 'active' FROM senders_sender WHERE id = message.sender_id)
  AND (SELECT {mailable("lead")} FROM leads_lead lead WHERE lead.id = message.lead_id)
RETURNING message.id
""",  # noqa: S608  (words of our own)
)


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


@dataclass
class Entry:
    """What one drain has to write, and then what came of it."""

    lease: uuid.UUID
    done: Sequence[Settlement]
    offers: Sequence[int]
    passed: set[int] = field(default_factory=set)  # those of the offers that may be sent
    error: BaseException | None = None
    leads: bool = False  # it is this drain's turn to write, for itself and all that wait
    turn: threading.Lock = field(default_factory=threading.Lock)  # held until the entry is written, or leads


class Group:
    """The drains of this process that have something to write."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Entry] = []
        self.writing = False

    def write(self, entry: Entry, meanwhile: Callable[[], None]) -> None:
        """Return once `entry` is written; raises what PostgreSQL did. `meanwhile` runs while that takes its time."""
        with self.lock:
            entry.leads = not self.writing
            self.writing = True
            if not entry.leads:
                entry.turn.acquire()
                self.waiting.append(entry)
        if not entry.leads:
            meanwhile()
            entry.turn.acquire()
            meanwhile = nothing
        if entry.leads:
            self.lead(entry, meanwhile)
        if entry.error is not None:
            raise entry.error

    def lead(self, entry: Entry, meanwhile: Callable[[], None]) -> None:
        """Write for everyone that waits, then hand the lead to the first of those that came since."""
        with self.lock:
            entries, self.waiting = [entry, *self.waiting], []
        try:
            write_all(entries, meanwhile)
        except BaseException as error:  # nobody may take for written what is not
            for one in entries:
                one.error = error
            raise
        finally:
            with self.lock:
                following = self.waiting.pop(0) if self.waiting else None
                self.writing = following is not None
            if following is not None:
                following.leads = True
                following.turn.release()
            for written in entries[1:]:
                written.turn.release()


group = Group()


def nothing() -> None: ...


def write_all(entries: Sequence[Entry], meanwhile: Callable[[], None]) -> None:
    """Write all the entries in one commit; where PostgreSQL does not take them so, one after the other, so that none
    fails for another's sake. Raises nothing: each entry holds what became of it.
    """
    try:
        write_once(entries, meanwhile)
    except GONE as error:
        for entry in entries:
            entry.error = error
    except DatabaseError as error:
        if len(entries) == 1:
            entries[0].error = error
            return
        for entry in entries:
            write_all([entry], nothing)


def write_once(entries: Sequence[Entry], meanwhile: Callable[[], None]) -> None:
    """One statement; what a server has answered must not get lost because PostgreSQL is away for a moment, so this
    waits (`persist`).
    """

    def work() -> set[int]:
        nonlocal meanwhile
        running = SETTLE_AND_OFFER.start(**parameters(entries))
        once, meanwhile = meanwhile, nothing
        once()
        return set(running.numbers())

    passed = persist(work)
    for entry in entries:
        entry.passed = passed.intersection(entry.offers)


def parameters(entries: Sequence[Entry]) -> dict[str, list[object]]:
    """The statement's arrays."""
    settled = [(entry.lease, done) for entry in entries for done in entry.done]
    offered = [(entry.lease, message) for entry in entries for message in entry.offers]
    return {
        "leases": [lease for lease, _ in settled],
        "settle": [done.message for _, done in settled],
        "states": [done.state.value for _, done in settled],
        "errors": [done.error for _, done in settled],
        "provider_ids": [done.provider_id for _, done in settled],
        "waits": [done.wait for _, done in settled],
        "gaps": [done.gap for _, done in settled],
        "give_back": [done.give_back for _, done in settled],
        "offer_leases": [lease for lease, _ in offered],
        "offer": [message for _, message in offered],
    }


def settle_and_offer(
    lease: uuid.UUID,
    done: Sequence[Settlement],
    offers: Sequence[int] = (),
    meanwhile: Callable[[], None] = nothing,
) -> set[int]:
    """Record what is `done`, then mark the messages `offers` as about to be sent; returns those that may be. `meanwhile`
    runs while PostgreSQL is at it, and leaves this thread's connection alone. Raises django.db's errors.
    """
    entry = Entry(lease, done, offers)
    if connection.in_atomic_block:  # what others write must not hang on this transaction, nor this one on theirs
        write_all([entry], meanwhile)
        if entry.error is not None:
            raise entry.error
    else:
        group.write(entry, meanwhile)
    return entry.passed
