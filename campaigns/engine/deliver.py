"""A drain: one sender's due messages, one after the other, over a kept-open connection, or over several side by side."""

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from django.utils import timezone

from campaigns.engine.bounce import note_bounce
from campaigns.engine.claim import Claimed, allowance, open_campaigns, rest_until_allowed
from campaigns.engine.crew import Crew, Drained
from campaigns.engine.hours import claim_awake, may_go_now
from campaigns.engine.lease import lease_of
from campaigns.engine.persist import GONE
from campaigns.engine.plan import senders_with_work
from campaigns.engine.prepare import Kitchen, Ready
from campaigns.engine.recover import recover_sender
from campaigns.engine.settle import (
    SECRET_LOST,
    Settlement,
    give_back,
    settle_and_offer,
    settlement,
    stop_sender,
    why_skip,
)
from campaigns.models import MessageState
from senders.errors import note_error
from senders.limits import draw_gap, has_gap
from senders.models import Sender, SenderState
from senders.services import mailbox_of
from senders.transports import connect
from senders.transports.base import (
    ConnectError,
    Connection,
    Disconnected,
    Outcome,
    Rejected,
    Throttled,
)
from senders.vault import VaultError
from senders.window import is_open

log = logging.getLogger(__name__)

# A drain's turn, in seconds: then it hands its thread to another sender that waits, or goes on where none does.
TURN_SECONDS = 20.0
BATCH = 100
# Where several connections share the work, the first batches are small, so that each gets some.
FIRST_SHARE = 10
# With a pause between mails there is no point in holding many: a stop or a death gives back few.
GAP_BATCH = 1
# A pause up to this long is waited out over the open connection; a longer one frees the thread (seconds).
SHORT_GAP = 1.0
# Set when this process is about to stop: drains end after the mail in hand.
stopping = threading.Event()


def drain(sender_id: int, seconds: float = TURN_SECONDS) -> Drained:
    """Send what is due through this sender, in turns of `seconds`; does nothing where another drain holds its lease."""
    drained = Drained()
    try:
        with lease_of(sender_id) as lease:
            if lease is None:
                return drained
            recover_sender(sender_id, lease)
            with Crew() as crew:
                Drain(sender_id, lease, seconds, drained, crew).run()
    except GONE as error:
        # Nothing of ours is half done: what was answered is recorded or, after `persist` gave up, unknown.
        log.warning("The drain of sender %d ended without PostgreSQL: %s", sender_id, str(error).strip())
        connection.close()
    return drained


def identity(sender: Sender) -> tuple[object, ...]:
    """What a connection and a mail's head are made of: where it changes, a drain starts afresh."""
    secret = bytes(sender.secret or b"")
    return (
        sender.kind,
        sender.host,
        sender.port,
        sender.security,
        sender.username,
        secret,
        sender.name,
        sender.address,
        sender.connections,
    )


class Drain:
    """The state of one drain, or of one of its lines where it has several; `run` is the loop. The first line leads: it
    calls the others, and where it cannot connect, the sender must rest.
    """

    def __init__(
        self, sender: int, lease: uuid.UUID, seconds: float, drained: Drained, crew: Crew, *, leads: bool = True
    ) -> None:
        self.sender = Sender.objects.get(pk=sender)
        self.lease = lease
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.drained = drained
        self.crew = crew
        self.leads = leads
        self.full = False  # the batch in hand is as large as it may be: there may be more
        self.share = BATCH if self.sender.connections == 1 else min(FIRST_SHARE, BATCH)
        self.done: Settlement | None = None  # answered, and recorded together with the next offer
        self.held: set[int] = set()  # claimed and not offered yet
        self.waiting: Iterator[Claimed] = iter(())  # of the batch, not rendered yet
        self.ready: Ready | None = None  # rendered, next to be offered
        self.kitchen = Kitchen(self.sender)
        self.gap = 0.0  # seconds between the mail in hand and the next one

    def run(self) -> None:
        try:
            batch = self.next_batch()
            if not batch:
                return
            with connect(mailbox_of(self.sender)) as line:
                while batch and self.send_batch(line, batch):
                    self.flush()
                    batch = self.next_batch()
        except ConnectError as error:
            log.info("Sender %d could not connect: %s", self.sender.pk, error.outcome.reason)
            self.not_let_in(error.outcome)
        except VaultError:
            log.exception("The secret of sender %d does not open", self.sender.pk)
            stop_sender(self.sender.pk, Disconnected(SECRET_LOST))
        finally:
            self.flush()
            self.give_back_held()

    def next_batch(self) -> list[Claimed]:
        """Claim what may be sent now; empty where the turn is over, a window is closed, or the day's limit is reached."""
        now = timezone.now()
        if self.turn_is_over() or not self.refresh() or not is_open(self.sender.window, now):
            return []
        gap = has_gap(self.sender)
        if gap and not self.leads:  # a pause between mails is one between all of them
            return []
        limit = GAP_BATCH if gap else self.share
        with self.crew.claiming:
            batch = self.claim_allowed(limit, now)
        self.held = {message.id for message in batch}
        self.full = len(batch) == limit and not gap
        return batch

    def claim_allowed(self, limit: int, now: datetime) -> list[Claimed]:
        """Claim up to `limit` messages, and no more than the day's limit leaves."""
        allowed = allowance(self.sender)
        if allowed is not None:
            limit = min(limit, allowed)
            if not limit:
                rest_until_allowed(self.sender)
        campaigns = open_campaigns(self.sender, now)
        if not limit or not campaigns:
            return []
        return claim_awake(self.sender, self.lease, campaigns, limit, now)

    def call_helpers(self) -> None:
        """Open the sender's further connections, or again those that ended."""
        if self.leads and self.sender.connections > 1:
            self.crew.fill(self.sender.connections - 1, self.help)

    def help(self) -> None:
        """What a helper does: the same, over a connection of its own."""
        Drain(self.sender.pk, self.lease, self.seconds, self.drained, self.crew, leads=False).run()

    def not_let_in(self, outcome: Throttled | Disconnected) -> None:
        """No connection: for the sender that means to rest, unless it is only one more than the server allows."""
        if self.leads:
            self.crew.over.set()
            stop_sender(self.sender.pk, outcome)
        else:
            self.crew.complete = True
            note_error(self.sender.pk, f"No further connection: {outcome.reason}")

    def refresh(self) -> bool:
        """Take up what people changed about the sender; False where that needs a fresh drain, or it is not ours."""
        fresh = Sender.objects.filter(pk=self.sender.pk, lease=self.lease, state=SenderState.ACTIVE).first()
        if fresh is None:
            return False
        if identity(fresh) != identity(self.sender):
            self.drained.more = True
            return False
        self.sender = fresh
        self.kitchen = Kitchen(fresh)
        return True

    def send_batch(self, line: Connection, batch: list[Claimed]) -> bool:
        """Offer each message of the batch; whether the drain may go on after it."""
        if self.full:
            self.share = min(2 * self.share, BATCH)
            self.call_helpers()
        self.waiting = iter(batch)
        self.look_ahead()
        while (ready := self.ready) is not None:
            if not self.send_one(line, ready):
                return False
        self.give_back_held()
        return True

    def look_ahead(self) -> None:
        """Render the next message."""
        message = next(self.waiting, None)
        self.ready = self.kitchen.prepare(message) if message else None

    def send_one(self, line: Connection, ready: Ready) -> bool:
        """Offer and send one message, and render the next meanwhile; whether the drain may go on."""
        message = ready.message
        if ready.mail is None:
            self.look_ahead()
            self.settle_now(Settlement(message.id, MessageState.FAILED, ready.error, give_back=1))
            return True
        if not may_go_now(self.sender, message, timezone.now()):
            self.look_ahead()
            return True  # still held: the end of the batch gives it back
        # While PostgreSQL commits the offer, this process has nothing to do but to render.
        offered = settle_and_offer(self.lease, self.done, message.id, self.look_ahead)
        self.done = None
        if not offered:
            return self.not_offered(message)
        self.held.discard(message.id)
        outcome = line.send(ready.mail)
        self.gap = draw_gap(self.sender)
        self.done = settlement(message.id, message.attempts, outcome, self.gap)
        self.drained.add(self.done.state)
        if isinstance(outcome, Rejected):
            self.flush()
            note_bounce(message, outcome.reason)
        return self.may_go_on(outcome)

    def may_go_on(self, outcome: Outcome) -> bool:
        """Whether this line may send the next message after this outcome."""
        if isinstance(outcome, Throttled) and outcome.connecting and not self.leads:
            self.not_let_in(outcome)
            return False
        rest = self.crew.rest_after(outcome)
        if rest is not None:
            self.flush()
            stop_sender(self.sender.pk, rest)
            return False
        if self.gap:
            self.flush()
            if self.gap > SHORT_GAP:  # the next slot is in its row; the tick wakes us then
                return False
            time.sleep(self.gap)
        return not self.turn_is_over()

    def turn_is_over(self) -> bool:
        if stopping.is_set() or self.crew.over.is_set():
            return True
        if time.monotonic() < self.deadline:
            return False
        if senders_with_work(1):
            self.drained.more = True
            self.crew.over.set()
            return True
        self.deadline = time.monotonic() + self.seconds
        return False

    def not_offered(self, message: Claimed) -> bool:
        """The gate refused it: skip it where its lead is suppressed or left; otherwise campaign, sender or lease stopped
        us: go on with the other campaigns' messages where only this one's campaign was paused.
        """
        if reason := why_skip(message.id, self.lease):
            self.settle_now(Settlement(message.id, MessageState.SKIPPED, reason, give_back=1))
            return True
        if not Sender.objects.filter(pk=self.sender.pk, lease=self.lease, state=SenderState.ACTIVE).exists():
            return False
        give_back(self.lease, [message.id])
        self.held.discard(message.id)
        return True

    def settle_now(self, done: Settlement) -> None:
        """Record an outcome that came without offering anything."""
        self.flush()
        settle_and_offer(self.lease, done, None)
        self.held.discard(done.message)
        self.drained.add(done.state)

    def give_back_held(self) -> None:
        give_back(self.lease, list(self.held))
        self.held = set()

    def flush(self) -> None:
        """Record the outcome that still waits for the next offer."""
        if self.done is not None:
            settle_and_offer(self.lease, self.done, None)
            self.done = None
