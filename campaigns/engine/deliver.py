"""A drain: one sender's due messages, one after the other, over one kept-open connection."""

import logging
import time
import uuid
from dataclasses import dataclass, field

from django.utils import timezone

from campaigns.engine.claim import Claimed, allowance, claim, open_campaigns
from campaigns.engine.lease import lease_of
from campaigns.engine.recover import recover_sender
from campaigns.engine.settle import (
    Settlement,
    give_back,
    settle_and_offer,
    settlement,
    stop_sender,
    suppressed,
)
from campaigns.models import MessageState
from campaigns.rendering import Renderer, RenderError
from senders.models import Sender
from senders.services import mailbox_of
from senders.transports import connect
from senders.transports.base import ConnectError, Connection, Disconnected, Outcome, Outgoing, Throttled
from senders.window import is_open
from tracking.tokens import Mark

log = logging.getLogger(__name__)

# How long one drain goes on before it hands the thread back, so that many senders share few threads (seconds).
DRAIN_SECONDS = 20.0
BATCH = 100
# With a pause between mails there is no point in holding many: a stop or a death gives back few.
GAP_BATCH = 1


@dataclass
class Drained:
    """What a drain did: messages by the state they ended in, and whether more is waiting."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False

    def add(self, state: MessageState) -> None:
        self.counts[state] = self.counts.get(state, 0) + 1


def drain(sender_id: int, seconds: float = DRAIN_SECONDS) -> Drained:
    """Send what is due through this sender, for `seconds` at the most; does nothing where another drain holds its
    lease.
    """
    drained = Drained()
    with lease_of(sender_id) as lease:
        if lease is None:
            return drained
        sender = Sender.objects.select_related("organisation").get(pk=sender_id)
        recover_sender(sender_id, lease)
        Drain(sender, lease, time.monotonic() + seconds, drained).run()
    return drained


class Drain:
    """The state of one drain; `run` is the loop."""

    def __init__(self, sender: Sender, lease: uuid.UUID, deadline: float, drained: Drained) -> None:
        self.sender = sender
        self.lease = lease
        self.deadline = deadline
        self.drained = drained
        self.done: Settlement | None = None  # answered, and recorded together with the next offer
        self.renderers: dict[int, Renderer] = {}
        self.held: list[int] = []  # claimed and not offered yet

    def run(self) -> None:
        try:
            first = self.next_batch()
            if not first:
                return
            with connect(mailbox_of(self.sender)) as connection:
                self.send_batches(connection, first)
        except ConnectError as error:
            log.info("Sender %d could not connect: %s", self.sender.pk, error.outcome.reason)
            stop_sender(self.sender.pk, error.outcome)
        finally:
            self.flush()
            give_back(self.lease, self.held)

    def send_batches(self, connection: Connection, batch: list[Claimed]) -> None:
        while batch:
            for message in batch:
                if not self.send_one(connection, message):
                    return
            self.flush()
            batch = self.next_batch()

    def next_batch(self) -> list[Claimed]:
        """Claim what may be sent now; empty where the time is up, a window is closed, or the day's limit is reached."""
        now = timezone.now()
        if time.monotonic() > self.deadline:
            self.drained.more = True
            return []
        if not is_open(self.sender.window, now):
            return []
        limit = GAP_BATCH if self.sender.gap_seconds else BATCH
        allowed = allowance(self.sender)
        if allowed is not None:
            limit = min(limit, allowed)
        campaigns = open_campaigns(self.sender, now)
        if not limit or not campaigns:
            return []
        batch = claim(self.sender, self.lease, campaigns, limit)
        self.held = [message.id for message in batch]
        return batch

    def send_one(self, connection: Connection, message: Claimed) -> bool:
        """Render, offer and send one message; whether the drain may go on."""
        try:
            mail = self.rendered(message)
        except RenderError as error:
            self.settle_now(Settlement(message.id, MessageState.FAILED, str(error)[:500]))
            return True
        except Exception:  # our own fault, but one lead's mail must not hold up all others for ever
            log.exception("Message %d could not be built", message.id)
            self.settle_now(Settlement(message.id, MessageState.FAILED, "eCRM could not build this mail: see its log."))
            return True
        offered = settle_and_offer(self.lease, self.done, message.id)
        self.done = None
        if not offered:
            return self.not_offered(message)
        self.held.remove(message.id)
        outcome = connection.send(mail)
        self.done = settlement(message.id, message.attempts, outcome, self.sender.gap_seconds)
        self.drained.add(self.done.state)
        return self.may_go_on(outcome)

    def may_go_on(self, outcome: Outcome) -> bool:
        """Whether the sender may send the next message after this outcome."""
        if isinstance(outcome, Throttled | Disconnected):
            self.flush()
            stop_sender(self.sender.pk, outcome)
            return False
        if self.sender.gap_seconds:  # the next slot is in its row; the tick wakes us then
            return False
        return time.monotonic() < self.deadline or self.out_of_time()

    def out_of_time(self) -> bool:
        self.drained.more = True
        return False

    def not_offered(self, message: Claimed) -> bool:
        """The gate refused it: skip a suppressed lead's message; otherwise campaign, sender or lease stopped us."""
        if suppressed(message.id, self.lease):
            self.settle_now(Settlement(message.id, MessageState.SKIPPED, "The lead is on the suppression list."))
            return True
        return self.still_ours(message)

    def still_ours(self, message: Claimed) -> bool:
        """Go on with the other campaigns' messages where only this one's campaign was paused; else end the drain."""
        sender = Sender.objects.filter(pk=self.sender.pk, lease=self.lease, state="active")
        if not sender.exists():
            return False
        give_back(self.lease, [message.id])
        self.held.remove(message.id)
        return True

    def settle_now(self, done: Settlement) -> None:
        """Record an outcome that came without offering anything."""
        self.flush()
        settle_and_offer(self.lease, done, None)
        self.held.remove(done.message)
        self.drained.add(done.state)

    def flush(self) -> None:
        """Record the outcome that still waits for the next offer."""
        if self.done is not None:
            settle_and_offer(self.lease, self.done, None)
            self.done = None

    def rendered(self, message: Claimed) -> Outgoing:
        renderer = self.renderers.get(message.variant.pk)
        if renderer is None:
            organisation = message.campaign.organisation
            renderer = Renderer(message.campaign, message.variant, self.sender, organisation)
            self.renderers[message.variant.pk] = renderer
        mark = Mark(message.campaign.organisation_id, message.id, message.lead.pk)
        data = renderer.mail(message.lead, mark, message.message_id)
        return Outgoing(message.id, self.sender.address, message.lead.email, data)
