"""The engine under whatever may happen, in whatever order: hypothesis plays servers, people, crashes and expiring leases.

After each step every row must be true, and in the end nothing may be stuck. The server is a `Connection` that answers
what the play says; PostgreSQL is real. A crash leaves the rows as kill -9 does: nothing that comes after it is written.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, ClassVar, Self

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from campaigns import engine
from campaigns.engine import deliver, lease, settle, write
from campaigns.engine.settle import MAX_ATTEMPTS
from campaigns.models import Campaign, CampaignState, Enrollment, Message
from campaigns.services import pause_campaign, resume_campaign, stop_campaign
from campaigns.wording import StepContent
from leads.models import Lead, Suppression
from leads.services import add_to_list, erase_leads, named_list, save_lead
from senders.models import Sender
from senders.transports import TRANSPORTS
from senders.transports.base import (
    ConnectError,
    Deferred,
    Disconnected,
    Mailbox,
    Outcome,
    Outgoing,
    Rejected,
    Sent,
    Throttled,
    Unanswered,
)
from senders.transports.sending import Steps
from tests.campaigns.launching import Launcher

pytestmark = pytest.mark.django_db(transaction=True)

LEADS = 4
STEPS = [StepContent(subject="One", body_html="<p>One</p>"), StepContent(subject="Two", body_html="<p>Two</p>")]
FINAL = {"sent", "failed", "skipped"}
# From which state a row may have come to which, over any number of the engine's and people's moves between two looks.
LEGAL = {
    "planned": {"planned", "sending", "sent", "failed", "skipped", "unknown"},
    "sending": {"planned", "sending", "sent", "failed", "skipped", "unknown"},
    "unknown": {"planned", "sending", "sent", "failed", "skipped", "unknown"},
    "sent": {"sent"},
    "failed": {"failed"},
    "skipped": {"skipped"},
}
ANSWERS: dict[str, Outcome] = {
    "sent": Sent("id"),
    "rejected": Rejected("550 5.7.9 No"),
    "bounced": Rejected("550 5.1.1 No such user"),
    "deferred": Deferred("451 Later"),
    "throttled": Throttled("421 Slower", 300),
    "disconnected": Disconnected("535 Who are you?"),
    "unanswered": Unanswered("Silence"),
    "taken, unanswered": Unanswered("Silence"),
}
TAKEN = {"sent", "taken, unanswered", "crash when taken"}
CRASHES = ["crash when offered", "crash when taken"]
MEANWHILE = ["", *["", "taken over", "recovered", "paused", "suppressed"] * 3, "stopped"]


class Crash(BaseException):
    """The process is no more."""


@dataclass(frozen=True)
class Line:
    """What happens at one mail: the server's answer or a crash, and what else goes on while the server thinks."""

    answer: str
    meanwhile: str = ""


@dataclass
class World:
    """The server's side, and what has been seen of every message by its primary key."""

    lines: Iterator[Line] = field(default_factory=lambda: iter(()))
    connects: bool = True
    dead: bool = False
    crash_at: tuple[str, int] | None = None  # before or after the so manieth statement of the drain
    statements: int = 0
    meanwhile: Callable[[str, int], None] = lambda happening, message: None
    taken: Counter[int] = field(default_factory=Counter)
    deferred: Counter[int] = field(default_factory=Counter)
    resent: Counter[int] = field(default_factory=Counter)
    over: dict[int, str] = field(default_factory=dict)  # offered with an end that forbids another offer

    def die(self) -> None:
        self.dead = True
        raise Crash

    def offer(self, message: int) -> Outcome:
        """One mail arrives; whether it may is checked here, at the very moment."""
        row = Message.objects.select_related("campaign", "sender").get(pk=message)
        assert message not in self.over, f"offered again after: {self.over[message]}"
        assert self.deferred[message] < MAX_ATTEMPTS, "more attempts than allowed"
        assert (row.state, row.campaign.state, row.sender and row.sender.state) == ("sending", "running", "active")
        assert not Suppression.objects.filter(organisation=row.organisation_id, digest=row.lead.digest).exists()
        line = next(self.lines, Line("sent"))
        self.meanwhile(line.meanwhile, message)
        self.taken[message] += line.answer in TAKEN
        if line.answer in {"sent", "rejected", "bounced", "unanswered", *TAKEN, *CRASHES}:
            self.over[message] = line.answer
        if line.answer in CRASHES:
            self.die()
        self.deferred[message] += line.answer == "deferred"
        return ANSWERS[line.answer]


world = World()


class PlayedConnection:
    """A transport (senders.transports.base.Connection) whose server is `world`."""

    names_ahead = True

    def __init__(self, mailbox: Mailbox) -> None:
        if not world.connects:
            raise ConnectError(Throttled("Nobody there", 60))

    def send(self, outgoing: Outgoing) -> Outcome:
        return world.offer(outgoing.message_id)

    def sending(self, outgoing: Outgoing, following: Outgoing | None = None) -> Steps:
        yield from ()
        return self.send(outgoing)

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def mortal(work: Callable[..., Any], *, counts: bool = False) -> Callable[..., Any]:
    """`work`, which a dead process does not do any more; where it counts, the play may have the process die at it."""

    def run(*args: Any, **options: Any) -> Any:
        if world.dead:
            raise Crash
        world.statements += counts
        if counts and world.crash_at == ("before", world.statements):
            world.die()
        result = work(*args, **options)
        if counts and world.crash_at == ("after", world.statements):
            world.die()
        return result

    return run


@pytest.fixture
def played(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> Launcher:
    monkeypatch.setitem(TRANSPORTS, "smtp", PlayedConnection)
    monkeypatch.setattr(deliver, "settle_and_offer", mortal(write.settle_and_offer, counts=True))
    monkeypatch.setattr(deliver, "give_back", mortal(settle.give_back))
    monkeypatch.setattr(deliver, "stop_sender", mortal(settle.stop_sender))
    monkeypatch.setattr(lease, "release", mortal(lease.release))
    return launcher


LINES = st.lists(st.builds(Line, st.sampled_from([*ANSWERS, *CRASHES]), st.sampled_from(MEANWHILE)), max_size=2 * LEADS)
CRASH_AT = st.none() | st.tuples(st.sampled_from(["before", "after"]), st.integers(1, 2 * LEADS))
WHICH = st.integers(0, LEADS - 1)
numbers = itertools.count()


class Engine(RuleBasedStateMachine):
    launcher: ClassVar[Launcher]

    def __init__(self) -> None:
        super().__init__()
        people = named_list(self.launcher.acme, f"People {next(numbers)}")
        self.leads = [
            save_lead(Lead(organisation=self.launcher.acme), {"email": f"player{next(numbers)}@example.com"})
            for _ in range(LEADS)
        ]
        add_to_list(people, self.leads)
        self.sender = self.launcher.sender(f"sender{next(numbers)}")
        self.campaign = self.launcher.start(lists=[people], senders=[self.sender], steps=STEPS)
        self.seen: dict[int, str] = {}
        self.erased = 0
        self.doubts = 0  # crashes, silences and expired leases, each of which may leave one message in doubt
        vars(world).update(vars(World(meanwhile=self.happen)))

    def drain(self, lines: list[Line], crash_at: tuple[str, int] | None = None) -> None:
        """One drain, until it ends or dies."""
        vars(world).update(lines=iter(lines), dead=False, crash_at=crash_at, statements=0)
        try:
            engine.drain(self.sender.pk)
        except Crash:
            self.doubts += 1
        finally:
            lease.renewal.leases.clear()  # with its process
            vars(world).update(dead=False, crash_at=None)

    def happen(self, happening: str, message: int) -> None:
        """While the server thinks over `message`."""
        match happening:
            case "taken over":
                self.doubts += 1
                self.expire()
                waiting, crash_at = world.lines, world.crash_at
                self.drain([])
                vars(world).update(lines=waiting, crash_at=crash_at)
            case "recovered":
                self.doubts += 1
                self.expire()
                engine.recover_abandoned()
            case "paused":
                self.pause()
            case "stopped":
                self.stop()
            case "suppressed":
                self.launcher.suppress(Message.objects.get(pk=message).lead.email)

    def move(self, verb: Callable[[Campaign], Campaign], *states: CampaignState) -> None:
        self.campaign.refresh_from_db()
        if self.campaign.state in states:
            verb(self.campaign)

    @rule(lines=LINES, crash_at=CRASH_AT)
    def send(self, lines: list[Line], crash_at: tuple[str, int] | None) -> None:
        self.drain(lines, crash_at)

    @rule()
    def send_without_trouble(self) -> None:
        self.drain([])

    @rule()
    def find_nobody_there(self) -> None:
        world.connects = False
        self.drain([])
        world.connects = True

    @rule()
    def tick(self) -> None:
        engine.recover_abandoned()
        engine.plan()
        engine.finish()

    @rule()
    def let_time_pass(self) -> None:
        """All that waits for its time has come to it; leases have run out too."""
        past = timezone.now() - timedelta(seconds=1)
        Message.objects.filter(campaign=self.campaign, state="planned").update(due_at=past)
        Sender.objects.filter(pk=self.sender.pk).update(next_slot_at=past)
        self.expire()

    @rule()
    def expire(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Sender.objects.filter(pk=self.sender.pk, lease__isnull=False).update(lease_until=past)

    @rule()
    def pause(self) -> None:
        self.move(pause_campaign, CampaignState.RUNNING)

    @rule()
    def resume(self) -> None:
        self.move(resume_campaign, CampaignState.PAUSED)

    @precondition(lambda self: len(self.seen) > LEADS)
    @rule()
    def stop(self) -> None:
        self.move(stop_campaign, CampaignState.RUNNING, CampaignState.PAUSED)

    @rule(which=WHICH)
    def suppress(self, which: int) -> None:
        self.launcher.suppress(self.leads[which].email)

    @rule(which=WHICH)
    def erase(self, which: int) -> None:
        self.erased += erase_leads(Lead.objects.filter(pk=self.leads[which].pk))

    @rule(state=st.sampled_from(["active", "active", "paused"]))
    def set_sender(self, state: str) -> None:
        """A person pauses it, or goes on with it or connects it again."""
        Sender.objects.filter(pk=self.sender.pk).update(state=state)

    @rule(resend=st.booleans())
    def decide(self, resend: bool) -> None:
        """A person decides about all that is in doubt; that it did not arrive may be an error, and is that person's."""
        unknown = list(Message.objects.filter(campaign=self.campaign, state="unknown").values_list("pk", flat=True))
        self.campaign.refresh_from_db()
        if resend and self.campaign.state != CampaignState.STOPPED:
            assert engine.resend_unknown(self.campaign, unknown) == len(unknown)
            for message in unknown:
                world.resent[message] += 1
                world.deferred[message] = 0
                world.over.pop(message, None)
        elif not resend:
            assert engine.close_unknown(self.campaign, unknown) == len(unknown)

    @invariant()
    def every_row_is_true(self) -> None:
        rows = Message.objects.filter(campaign=self.campaign)
        for pk, state, sent_at, attempts in rows.values_list("pk", "state", "sent_at", "attempts"):
            assert state in LEGAL[self.seen.get(pk, "planned")], f"{self.seen.get(pk)} became {state}"
            assert world.taken[pk] <= 1 + world.resent[pk], "doubled"
            assert (sent_at is not None) == (state == "sent")
            assert state != "sent" or world.taken[pk], "a row says sent and it was not"
            assert 0 <= attempts <= MAX_ATTEMPTS + 1
            self.seen[pk] = state
        self.nothing_is_lost(rows.count())

    def nothing_is_lost(self, rows: int) -> None:
        """Every lead that was not erased is in the campaign, with one message for each step it has come to."""
        assert Enrollment.objects.filter(campaign=self.campaign).count() == LEADS - self.erased
        assert LEADS - self.erased <= rows <= len(STEPS) * (LEADS - self.erased)

    @invariant()
    def in_doubt_is_only_what_a_fault_left(self) -> None:
        unknown = Message.objects.filter(campaign=self.campaign, state="unknown").values_list("pk", flat=True)
        silent = sum("unanswered" in answer for answer in world.over.values())
        assert len(unknown) <= self.doubts + silent
        assert set(unknown) <= set(world.over) | set(
            Message.objects.filter(offered_at__isnull=False).values_list("pk", flat=True)
        )

    def teardown(self) -> None:
        """When all faults are over, everything comes to its end by itself."""
        self.set_sender("active")
        self.resume()
        for _ in range(2 * MAX_ATTEMPTS):
            self.let_time_pass()
            self.tick()
            self.drain([])
            self.every_row_is_true()
        self.tick()
        left = set(Message.objects.filter(campaign=self.campaign).values_list("state", flat=True))
        assert left <= {*FINAL, "unknown"}, "stuck"
        self.campaign.refresh_from_db()
        assert self.campaign.state in {CampaignState.FINISHED, CampaignState.STOPPED}
        waiting = Enrollment.objects.filter(campaign=self.campaign, state="active")
        assert not waiting.exclude(messages__state="unknown").exists(), "a sequence that nobody goes on with"
        stop_for_good(self.campaign)


def stop_for_good(campaign: Campaign) -> None:
    """Out of the way of the next play."""
    Campaign.objects.filter(pk=campaign.pk).update(
        state=CampaignState.STOPPED, finished_at=timezone.now() - timedelta(days=8)
    )


def test_whatever_happens(played: Launcher) -> None:
    Engine.launcher = played
    run_state_machine_as_test(
        Engine,
        settings=settings(
            max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
