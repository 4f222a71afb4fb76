"""What people do with the leads of a campaign, right beside the engine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from campaigns.engine.claim import claim
from campaigns.engine.lease import lease_of
from campaigns.enrolling import act
from campaigns.models import Campaign, CampaignState, Enrollment, Message
from tests.campaigns.sequences import World
from tracking.consumer import Consumer

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)
Do = Callable[..., int]


@pytest.fixture
def campaign(world: World) -> Campaign:
    """Of three steps, an hour apart, to one lead; nothing was sent yet."""
    world.clock.go_to(NOON)
    return world.start([{}, {}, {}], leads=1)


@pytest.fixture
def do(campaign: Campaign, alice: User) -> Do:
    return lambda name: act(campaign, name, [lead_in(campaign).pk], alice)


def lead_in(campaign: Campaign) -> Enrollment:
    return Enrollment.objects.get(campaign=campaign)


def steps(world: World) -> list[int]:
    return [arrival.step for arrival in world.arrivals]


def later(world: World, hours: int = 6) -> None:
    world.walk(world.clock.now() + timedelta(hours=hours), timedelta(hours=1))


def test_a_paused_lead_gets_nothing_until_it_is_resumed(world: World, campaign: Campaign, do: Do) -> None:
    assert do("pause") == 1
    later(world)
    assert steps(world) == []
    assert do("pause") == 0, "it is paused already"
    assert do("resume") == 1
    later(world)
    assert steps(world) == [1, 2, 3]


def test_one_paused_between_two_steps_keeps_its_place(world: World, campaign: Campaign, do: Do) -> None:
    world.tick()
    do("pause")
    later(world)
    assert steps(world) == [1]
    do("resume")
    later(world)
    assert steps(world) == [1, 2, 3]


def test_one_paused_while_its_mail_is_claimed_is_held_at_the_gate(world: World, campaign: Campaign, do: Do) -> None:
    sender = campaign.senders.get()
    with lease_of(sender.pk) as lease:
        assert lease is not None
        assert len(claim(sender, lease, [campaign.pk], 10)) == 1
        assert do("pause") == 1
    later(world)
    assert steps(world) == []
    message = Message.objects.get(campaign=campaign)
    assert (message.state, message.due_at) == ("planned", None)


@pytest.mark.parametrize("planned", [True, False], ids=["planned", "waiting"])
def test_a_skipped_step_is_not_sent_and_the_next_one_is(
    world: World, campaign: Campaign, do: Do, planned: bool
) -> None:
    if not planned:
        world.tick()
    assert do("skip") == 1
    later(world)
    assert steps(world) == ([2, 3] if planned else [1, 3])


def test_who_skips_the_last_step_is_through(world: World, campaign: Campaign, do: Do) -> None:
    assert [do("skip") for _ in range(4)] == [1, 1, 1, 0]
    later(world)
    campaign.refresh_from_db()
    assert (steps(world), campaign.state) == ([], CampaignState.FINISHED)


def test_a_mail_that_is_on_its_way_is_not_skipped(world: World, campaign: Campaign, do: Do) -> None:
    sender = campaign.senders.get()
    with lease_of(sender.pk) as lease:
        assert lease is not None
        claim(sender, lease, [campaign.pk], 10)
        assert do("skip") == 0
    assert lead_in(campaign).next_position == 1


def test_the_next_step_goes_now(world: World, campaign: Campaign, do: Do) -> None:
    world.tick()
    assert do("send_now") == 1
    world.clock.go_to(NOON + timedelta(minutes=1))
    world.tick()
    assert steps(world) == [1, 2]


def test_who_is_taken_out_gets_nothing_more_and_does_not_come_back(world: World, campaign: Campaign, do: Do) -> None:
    world.tick()
    Campaign.objects.filter(pk=campaign.pk).update(grows=True)
    assert do("remove") == 1
    later(world)
    assert steps(world) == [1]
    assert (lead_in(campaign).state, lead_in(campaign).reason) == ("stopped", "removed")


def test_one_marked_as_replied_is_stopped_and_counts_as_a_reply(world: World, campaign: Campaign, do: Do) -> None:
    assert do("replied") == 0, "nothing was sent to it"
    world.tick()
    assert do("replied") == 1
    taking = Consumer()
    taking.ensure_group()
    taking.take_new()
    assert (lead_in(campaign).state, lead_in(campaign).reason) == ("stopped", "replied")
    assert Message.objects.get(campaign=campaign, state="sent").replied_at is not None
    later(world)
    assert steps(world) == [1]


def test_the_log_says_who_did_it_and_to_whom(campaign: Campaign, do: Do, alice: User) -> None:
    do("pause")
    entry = campaign.activities.get(kind="paused")
    assert (entry.user, entry.lead, entry.text) == (alice, lead_in(campaign).lead, "Paused 1 lead.")


def test_another_campaigns_leads_are_not_touched(world: World, campaign: Campaign, alice: User) -> None:
    other = world.start([{}], leads=1)
    for name in ("pause", "skip", "send_now", "remove"):
        assert act(campaign, name, [lead_in(other).pk], alice) == 0
    assert lead_in(other).state == "active"
