"""What a dead drain left behind is taken up; what may have gone out waits for a person."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.engine.claim import Claimed, claim
from campaigns.engine.settle import give_back
from campaigns.engine.write import settle_and_offer
from campaigns.models import Campaign, CampaignState, Enrollment, Message
from senders.models import Sender
from tests.campaigns.launching import Launcher, message_to, only_sender, states

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def left_behind(launcher: Launcher) -> tuple[Campaign, uuid.UUID, list[Claimed]]:
    """A drain claimed four of six messages, offered one, and is not heard of again; its lease still holds."""
    campaign = launcher.start(6)
    sender = only_sender(campaign)
    lease = uuid.uuid4()
    Sender.objects.filter(pk=sender.pk).update(lease=lease, lease_until=timezone.now() + timedelta(seconds=20))
    batch = claim(sender, lease, [campaign.pk], 4)
    assert settle_and_offer(lease, [], [batch[0].id])
    return campaign, lease, batch


def expire() -> None:
    Sender.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_living_drain_is_left_alone(left_behind: tuple[Campaign, uuid.UUID, list[Claimed]]) -> None:
    campaign, _, _ = left_behind
    assert engine.recover_abandoned() == 0
    assert engine.drain(only_sender(campaign).pk).counts == {}
    assert states(campaign) == {"sending": 4, "planned": 2}


def test_a_dead_ones_offered_message_becomes_unknown_and_the_rest_is_planned_again(
    left_behind: tuple[Campaign, uuid.UUID, list[Claimed]],
) -> None:
    campaign, _, batch = left_behind
    expire()
    assert engine.recover_abandoned() == 4
    assert states(campaign) == {"unknown": 1, "planned": 5}
    unknown = Message.objects.get(state="unknown")
    assert unknown.pk == batch[0].id
    assert unknown.attempts == 1
    assert "may or may not have arrived" in unknown.error
    assert set(Message.objects.filter(state="planned").values_list("attempts", "lease")) == {(0, None)}


def test_the_next_drain_takes_up_what_the_last_one_left(
    launcher: Launcher, left_behind: tuple[Campaign, uuid.UUID, list[Claimed]]
) -> None:
    campaign, _, batch = left_behind
    expire()
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 5}
    assert states(campaign) == {"unknown": 1, "sent": 5}
    assert batch[0].lead.email not in launcher.received()


def test_a_drain_that_comes_back_from_the_dead_sends_nothing_of_its_old_batch(
    launcher: Launcher, left_behind: tuple[Campaign, uuid.UUID, list[Claimed]]
) -> None:
    campaign, lease, batch = left_behind
    expire()
    engine.recover_abandoned()
    assert not settle_and_offer(lease, [], [batch[1].id]), "not ours any more, although nobody else has it yet"
    engine.drain(only_sender(campaign).pk)
    assert not settle_and_offer(lease, [], [batch[2].id])
    give_back(lease, [message.id for message in batch])
    assert states(campaign) == {"unknown": 1, "sent": 5}


def test_a_message_whose_sender_was_paused_or_deleted_is_taken_up_too(
    left_behind: tuple[Campaign, uuid.UUID, list[Claimed]],
) -> None:
    campaign, _, _ = left_behind
    Sender.objects.update(lease=None, lease_until=None, state="paused")
    assert engine.recover_abandoned() == 4
    assert states(campaign) == {"unknown": 1, "planned": 5}


def test_a_person_has_an_unknown_message_sent_again_once(
    launcher: Launcher, left_behind: tuple[Campaign, uuid.UUID, list[Claimed]]
) -> None:
    campaign, _, batch = left_behind
    expire()
    engine.drain(only_sender(campaign).pk)
    engine.finish()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED
    ids = list(Message.objects.values_list("pk", flat=True))
    assert engine.resend_unknown(campaign, ids) == 1, "only what is unknown"
    assert engine.resend_unknown(campaign, ids) == 0
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    before = Message.objects.get(pk=batch[0].id)
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 1}
    after = Message.objects.get(pk=batch[0].id)
    assert after.message_id == before.message_id
    assert launcher.received().count(batch[0].lead.email) == 1


def test_a_person_leaves_an_unknown_message_be(left_behind: tuple[Campaign, uuid.UUID, list[Claimed]]) -> None:
    campaign, _, batch = left_behind
    expire()
    engine.recover_abandoned()
    assert engine.close_unknown(campaign, [batch[0].id, batch[1].id]) == 1
    closed = Message.objects.get(pk=batch[0].id)
    assert (closed.state, closed.enrollment.state) == ("failed", "stopped")
    assert states(campaign) == {"failed": 1, "planned": 5}


def test_an_unknown_mail_that_is_left_be_ends_the_sequence_of_a_paused_lead_too(
    left_behind: tuple[Campaign, uuid.UUID, list[Claimed]],
) -> None:
    campaign, _, batch = left_behind
    expire()
    engine.recover_abandoned()
    Enrollment.objects.filter(messages=batch[0].id).update(state="paused")
    assert engine.close_unknown(campaign, [batch[0].id]) == 1
    assert Enrollment.objects.get(messages=batch[0].id).state == "stopped"


def test_another_campaigns_messages_are_out_of_reach(
    launcher: Launcher, left_behind: tuple[Campaign, uuid.UUID, list[Claimed]]
) -> None:
    campaign, _, batch = left_behind
    expire()
    engine.recover_abandoned()
    other = launcher.start(1, senders=[launcher.sender("other")])
    assert engine.resend_unknown(other, [batch[0].id]) == 0
    assert engine.close_unknown(other, [batch[0].id]) == 0
    assert message_to(campaign, batch[0].lead.email).state == "unknown"
