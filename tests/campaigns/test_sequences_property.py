"""Any sequence, any limits, and people who do anything at any time: no lead gets a step twice, out of order, after a stop,
outside its hours, or over a limit. Hypothesis plays the people; the clock runs for days; PostgreSQL is real.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from campaigns.models import Campaign, CampaignState, Enrollment, Message
from campaigns.services import pause_campaign, resume_campaign, stop_campaign
from campaigns.stopping import stop
from leads.models import Lead
from senders.models import Sender
from senders.window import is_open
from tests.campaigns.sequences import Arrival, World

pytestmark = pytest.mark.django_db(transaction=True)

BEGIN = datetime(2027, 3, 25, 6, tzinfo=UTC)  # clocks change within the days that follow
LEADS = 3
CONDITIONS = ["", "", "opened", "not_opened", "clicked", "not_clicked"]
ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles"]
# The delays of a step: as the hours or the business days that it waits at the least.
DELAYS = st.sampled_from([{"delay_hours": 0}, {"delay_hours": 5}, {"delay_hours": 30}, {"delay_business_days": 1}])
STEP = st.builds(
    lambda delay, condition, thread: {**delay, "condition": condition, "same_thread": thread},
    DELAYS,
    st.sampled_from(CONDITIONS),
    st.booleans(),
)
LIMIT = st.none() | st.integers(1, 3)
STOPPING = {"replied", "unsubscribed", "bounced", "complained"}
WHICH = st.integers(0, LEADS - 1)


@dataclass
class Rules:
    """What the campaign was told."""

    steps: list[dict[str, Any]]
    cap: int | None
    new: int | None
    zone: str
    office: bool
    on_click: bool

    @property
    def window(self) -> dict[str, Any] | None:
        return {"days": [0, 1, 3, 4], "start": "08:00", "end": "16:00", "time_zone": self.zone} if self.office else None


class Play(RuleBasedStateMachine):
    world: ClassVar[World]

    @initialize(
        rules=st.builds(
            Rules,
            steps=st.lists(STEP, min_size=1, max_size=3),
            cap=LIMIT,
            new=LIMIT,
            zone=st.sampled_from(ZONES),
            office=st.booleans(),
            on_click=st.booleans(),
        )
    )
    def begin(self, rules: Rules) -> None:
        world = self.world
        world.arrivals.clear()
        world.clock.go_to(BEGIN)
        past = BEGIN - timedelta(days=30)  # the plays before
        Campaign.objects.update(state=CampaignState.STOPPED, finished_at=past)
        Sender.objects.update(state="paused")
        rules.steps[0] |= {"condition": "", "same_thread": False}
        self.told = rules
        self.campaign = world.start(
            *(rules.steps, LEADS, 2),
            window=rules.window,
            time_zone=rules.zone,
            daily_cap=rules.cap,
            daily_new=rules.new,
            stop_on_click=rules.on_click,
            hand_over=True,
        )
        self.leads = list(Lead.objects.filter(enrollments__campaign=self.campaign).order_by("pk"))
        self.stopped: dict[int, int] = {}  # lead → how many mails it had when its sequence was ended
        self.looked = 0

    def mails(self, lead: Lead) -> list[Arrival]:
        return [arrival for arrival in self.world.arrivals if arrival.lead == lead.pk]

    @rule(hours=st.integers(1, 40))
    def let_time_pass(self, hours: int) -> None:
        at = self.world.clock.now()
        self.world.walk(at + timedelta(hours=hours), timedelta(hours=max(1, hours // 6)))

    @rule(which=WHICH, kind=st.sampled_from(["opened", "opened", "clicked", *STOPPING]))
    def answer(self, which: int, kind: str) -> None:
        """The lead does something with its last mail."""
        lead = self.leads[which]
        mails = self.mails(lead)
        if not mails:
            return
        self.world.happen(kind, mails[-1])
        if kind in STOPPING or (kind == "clicked" and self.told.on_click):
            self.stopped.setdefault(lead.pk, len(mails))

    @rule(which=WHICH)
    def take_out(self, which: int) -> None:
        lead = self.leads[which]
        stop(Enrollment.objects.filter(campaign=self.campaign, lead=lead), "removed")
        self.stopped.setdefault(lead.pk, len(self.mails(lead)))

    @rule(state=st.sampled_from([CampaignState.RUNNING, CampaignState.PAUSED]))
    def pause_or_resume(self, state: CampaignState) -> None:
        self.campaign.refresh_from_db()
        if {self.campaign.state, state} == {CampaignState.RUNNING, CampaignState.PAUSED}:
            (pause_campaign if state == CampaignState.PAUSED else resume_campaign)(self.campaign)

    @rule(which=st.integers(0, 1), state=st.sampled_from(["active", "active", "disconnected"]))
    def lose_or_find_a_sender(self, which: int, state: str) -> None:
        sender = self.campaign.senders.order_by("pk")[which]
        Sender.objects.filter(pk=sender.pk).update(state=state)

    @invariant()
    def nobody_gets_a_step_twice_or_out_of_order_or_after_a_stop(self) -> None:
        for lead in self.leads:
            steps = [arrival.step for arrival in self.mails(lead)]
            assert steps == sorted(set(steps)), steps
            assert len(steps) <= self.stopped.get(lead.pk, len(steps)), "a mail after the stop"
            assert len({arrival.sender for arrival in self.mails(lead)}) <= 1, "a conversation changed its mailbox"

    @invariant()
    def each_mail_came_in_its_time(self) -> None:
        for arrival in self.world.arrivals[self.looked :]:
            assert is_open(self.told.window, arrival.at), arrival.at
            earlier = [mail for mail in self.world.arrivals if mail.lead == arrival.lead and mail.step < arrival.step]
            if earlier and earlier[-1].step == arrival.step - 1:
                step = self.told.steps[arrival.step - 1]
                delay = timedelta(hours=step.get("delay_hours", 23))  # a business day over a change of clocks
                assert arrival.at - earlier[-1].at >= delay - timedelta(minutes=1)
        self.looked = len(self.world.arrivals)

    @invariant()
    def no_day_has_more_than_its_limit(self) -> None:
        zone = ZoneInfo(self.told.zone)
        days = Counter(arrival.at.astimezone(zone).date() for arrival in self.world.arrivals)
        fresh = Counter(arrival.at.astimezone(zone).date() for arrival in self.world.arrivals if arrival.step == 1)
        assert max(days.values(), default=0) <= (self.told.cap or LEADS * 3)
        assert max(fresh.values(), default=0) <= (self.told.new or LEADS)

    def teardown(self) -> None:
        """With everybody there again and time enough, every lead that was not stopped comes to the end."""
        if not hasattr(self, "campaign"):
            return
        Sender.objects.filter(campaigns=self.campaign).update(state="active")
        self.campaign.refresh_from_db()
        if self.campaign.state == CampaignState.PAUSED:
            resume_campaign(self.campaign)
        self.world.walk(self.world.clock.now() + timedelta(days=16), timedelta(hours=6))
        self.campaign.refresh_from_db()
        left = Message.objects.filter(campaign=self.campaign).values_list("state", "due_at", "step__position", "error")
        assert self.campaign.state == CampaignState.FINISHED, list(left)
        for lead in self.leads:
            unconditional = [at for at, step in enumerate(self.told.steps, 1) if not step["condition"]]
            if lead.pk not in self.stopped:
                assert set(unconditional) <= {arrival.step for arrival in self.mails(lead)}


def test_no_play_of_people_and_time_breaks_a_sequence(world: World) -> None:
    Play.world = world
    few = settings(
        max_examples=8,
        stateful_step_count=10,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # a play takes its time: the first that fails is shown as it is
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Play, settings=few)


def test_a_stopped_campaign_is_stopped_for_everyone(world: World) -> None:
    world.clock.go_to(BEGIN)
    campaign = world.start([{}, {}], leads=3)
    world.tick()
    stop_campaign(campaign)
    world.walk(BEGIN + timedelta(hours=12), timedelta(hours=3))
    assert [arrival.step for arrival in world.arrivals] == [1, 1, 1]
