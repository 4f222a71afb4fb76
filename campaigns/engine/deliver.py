"""A drain: one sender's due messages, one after the other, over a kept-open connection, or over several side by side.

One thread does all of it: it renders, writes to PostgreSQL, and goes on with whichever connection has an answer.
"""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.utils import timezone

from campaigns.engine.bounce import note_bounce
from campaigns.engine.claim import Claimed, allowance, open_campaigns, rest_until_allowed
from campaigns.engine.hours import claim_awake, may_go_now
from campaigns.engine.lease import lease_of
from campaigns.engine.lines import Line, Lines
from campaigns.engine.persist import GONE
from campaigns.engine.plan import senders_with_work
from campaigns.engine.prepare import Kitchen, Ready
from campaigns.engine.recover import recover_sender
from campaigns.engine.settle import SECRET_LOST, give_back, settlement, stop_sender, unfit, why_skip
from campaigns.engine.trouble import Trouble
from campaigns.engine.write import Settlement, settle_and_offer
from campaigns.models import MessageState
from senders.errors import note_error
from senders.limits import draw_gap, has_gap
from senders.models import Sender, SenderState
from senders.services import mailbox_of
from senders.transports import connect
from senders.transports.base import ConnectError, Disconnected, Outcome, Rejected, Throttled
from senders.vault import VaultError
from senders.window import is_open

log = logging.getLogger(__name__)

# A drain's turn, in seconds: then it hands its thread to another sender that waits, or goes on where none does.
TURN_SECONDS = 20.0
# What it claims at once: so many messages, and for each further connection so many more.
BATCH = 100
BATCH_A_LINE = 50
# So many mails in hand are worth a connection more.
MAILS_A_LINE = 10
# With a pause between mails there is no point in holding many: a stop or a death gives back few.
GAP_BATCH = 1
# A pause up to this long is waited out over the open connection; a longer one frees the thread (seconds).
SHORT_GAP = 1.0
# Set when this process is about to stop: drains end after the mail in hand.
stopping = threading.Event()


@dataclass
class Drained:
    """What a drain did: messages by the state they ended in, and whether more is waiting."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False

    def add(self, state: MessageState) -> None:
        self.counts[state] = self.counts.get(state, 0) + 1


def anyone_has_work() -> bool:
    return bool(senders_with_work(1))


def drain(sender_id: int, seconds: float = TURN_SECONDS, anyone_waits: Callable[[], bool] = anyone_has_work) -> Drained:
    """Send what is due through this sender, in turns of `seconds`, after which it ends where `anyone_waits` for the thread;
    does nothing where another drain holds its lease.
    """
    drained = Drained()
    try:
        with lease_of(sender_id) as lease:
            if lease is not None:
                recover_sender(sender_id, lease)
                Drain(sender_id, lease, seconds, drained, anyone_waits).run()
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
    """The state of one drain; `run` is all of it."""

    def __init__(
        self, sender: int, lease: uuid.UUID, seconds: float, drained: Drained, anyone_waits: Callable[[], bool]
    ) -> None:
        self.sender = Sender.objects.get(pk=sender)
        self.lease = lease
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.drained = drained
        self.anyone_waits = anyone_waits
        self.over = False  # nothing is offered any more: what is on the wire is waited for
        self.full = False  # as much was claimed as may be at once: there will be more
        self.held: set[int] = set()  # claimed and not offered yet
        self.asleep: set[int] = set()  # of these, those whose hours are over: others may have some left
        self.waiting: deque[Claimed] = deque()  # of these, not rendered yet
        self.ready: deque[Ready] = deque()  # rendered, next to be offered
        self.done: list[Settlement] = []  # what was answered, recorded together with the next offers
        self.refused: list[tuple[Claimed, str]] = []  # of these, the rejected ones, and why
        self.trouble = Trouble()
        self.lines = Lines()
        self.kitchen = Kitchen(self.sender)

    def run(self) -> None:
        try:
            if not self.has_next():
                return
            mailbox = mailbox_of(self.sender)
            with self.lines as lines:
                lines.add(connect(mailbox))
                while lines.busy or self.has_next():
                    lines.grow(self.wanted_lines(), lambda: connect(mailbox))
                    self.offer()
                    for heard in lines.listen():
                        self.hear(*heard)
                if lines.refused:
                    note_error(self.sender.pk, f"No further connection: {lines.refused.reason}")
        except ConnectError as error:
            log.info("Sender %d could not connect: %s", self.sender.pk, error.outcome.reason)
            stop_sender(self.sender.pk, error.outcome)
        except VaultError:
            log.exception("The secret of sender %d does not open", self.sender.pk)
            stop_sender(self.sender.pk, Disconnected(SECRET_LOST))
        finally:
            self.write()
            self.let_go(self.held)

    def has_next(self) -> bool:
        """Whether there is a mail to offer now."""
        while not self.is_over():
            self.look_ahead()
            if self.ready or self.lines.decided():
                return True
            self.write()
            self.let_go(self.asleep)
            batch = self.next_batch()
            if not batch:
                return False
            self.held |= {message.id for message in batch}
            self.waiting.extend(batch)
        return False

    def let_go(self, messages: set[int]) -> None:
        """Give claimed messages back that were not offered."""
        give_back(self.lease, list(messages))
        self.held, self.asleep = self.held - messages, self.asleep - messages

    def next_batch(self) -> list[Claimed]:
        """Claim what may be sent now; empty where a window is closed, or the day's limit is reached."""
        now = timezone.now()
        if not self.refresh() or not is_open(self.sender.window, now):
            return []
        limit = GAP_BATCH if has_gap(self.sender) else BATCH + BATCH_A_LINE * (self.sender.connections - 1)
        allowed = allowance(self.sender)
        if allowed is not None:
            limit = min(limit, allowed)
            if not limit:
                rest_until_allowed(self.sender)
        campaigns = open_campaigns(self.sender, now)
        if not limit or not campaigns:
            return []
        batch = claim_awake(self.sender, self.lease, campaigns, limit, now)
        self.full = len(batch) == limit
        return batch

    def refresh(self) -> bool:
        """Take up what people changed about the sender; False where that needs a fresh drain, or it is not ours."""
        fresh = Sender.objects.filter(pk=self.sender.pk, lease=self.lease, state=SenderState.ACTIVE).first()
        if fresh is None:
            return False
        if identity(fresh) != identity(self.sender):
            self.drained.more = self.over = True
            return False
        self.sender = fresh
        self.kitchen = Kitchen(fresh)
        return True

    def wanted_lines(self) -> int:
        """How many connections what is in hand is worth."""
        if self.over or has_gap(self.sender):  # a pause between mails is one between all of them
            return 1
        return self.sender.connections if self.full else min(self.sender.connections, len(self.held) // MAILS_A_LINE)

    def look_ahead(self) -> None:
        """Have a rendered mail for each connection."""
        while self.waiting and len(self.ready) < self.sender.connections:
            ready = self.kitchen.prepare(self.waiting.popleft())
            if ready.mail is None:
                self.note(unfit(ready.message.id, ready.error, waits=ready.waits))
            elif may_go_now(self.sender, ready.message, timezone.now()):
                self.ready.append(ready)
            else:
                self.asleep.add(ready.message.id)

    def offer(self) -> None:
        """Record what was heard, and send a mail over each idle connection."""
        self.ready.extendleft(self.lines.taken_back())
        chosen: list[tuple[Line, Ready]] = []
        for line in self.lines.idle():
            if not self.has_next():
                break
            chosen.append((line, line.take() or self.ready.popleft()))
        passed = self.write([ready.message.id for _, ready in chosen])
        for line, ready in chosen:
            if ready.message.id not in passed:
                self.not_offered(ready.message)
            elif ready.mail is not None:
                self.held.discard(ready.message.id)
                line.start(ready, ready.mail, self.following(line))

    def following(self, line: Line) -> Ready | None:
        """The mail that this connection may name ahead: decided on now, and offered once this one has its outcome."""
        if self.over or not self.ready or not line.connection.names_ahead or has_gap(self.sender):
            return None
        return self.ready.popleft()

    def write(self, offers: Sequence[int] = ()) -> set[int]:
        """Record what was heard, and that these messages are about to be sent; returns those that may be."""
        if not self.done and not offers:
            return set()
        done, self.done = self.done, []
        refused, self.refused = self.refused, []
        passed = settle_and_offer(self.lease, done, offers, self.meanwhile)
        for message, reason in refused:
            note_bounce(message, reason)
        return passed

    def meanwhile(self) -> None:
        """What can be done while PostgreSQL writes: render, and go on with the mails on the wire."""
        self.look_ahead()
        self.lines.go_on()

    def note(self, done: Settlement) -> None:
        """To be recorded at the next occasion."""
        self.done.append(done)
        self.held.discard(done.message)
        self.drained.add(done.state)

    def hear(self, line: Line, ready: Ready, outcome: Outcome) -> None:
        """What follows from a mail's outcome, for the mail and for its sender."""
        message, gap = ready.message, draw_gap(self.sender)
        self.note(settlement(message.id, message.attempts, outcome, gap))
        if isinstance(outcome, Rejected):
            self.refused.append((message, outcome.reason))
        if isinstance(outcome, Throttled) and outcome.connecting and self.lines.drop(line, outcome):
            if following := line.take():
                self.ready.appendleft(following)
            return
        rest = self.trouble.rest_after(outcome)
        if rest is not None:
            self.over = True
            self.write()
            stop_sender(self.sender.pk, rest)
        elif gap:
            self.write()
            if gap > SHORT_GAP:  # the next slot is in its row; the tick wakes us then
                self.over = True
            else:
                time.sleep(gap)

    def is_over(self) -> bool:
        """Whether nothing may be offered any more: this drain has to end, or another sender waits for its thread."""
        if self.over or stopping.is_set():
            return True
        if time.monotonic() < self.deadline:
            return False
        if self.anyone_waits():
            self.drained.more = self.over = True
            return True
        self.deadline = time.monotonic() + self.seconds
        return False

    def not_offered(self, message: Claimed) -> None:
        """The gate refused it: skip it where its lead is suppressed or left; otherwise campaign, sender or lease stopped
        us: go on with the other campaigns' messages where only this one's campaign was paused.
        """
        if reason := why_skip(message.id, self.lease):
            self.note(Settlement(message.id, MessageState.SKIPPED, reason, give_back=1))
        elif Sender.objects.filter(pk=self.sender.pk, lease=self.lease, state=SenderState.ACTIVE).exists():
            self.let_go({message.id})
        else:
            self.over = True
