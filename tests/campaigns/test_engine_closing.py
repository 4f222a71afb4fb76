"""A campaign is over when nothing is left to send, and not for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.models import Campaign, CampaignState, Enrollment, Message
from tests.campaigns.launching import Launcher, message_to, only_sender, states

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_campaign_finishes_when_nothing_is_left(launcher: Launcher) -> None:
    campaign = launcher.start(2)
    assert engine.finish() == 0
    engine.drain(only_sender(campaign).pk)
    assert engine.finish() == 1
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED
    assert campaign.finished_at is not None


def test_a_finished_campaign_that_has_something_to_send_after_all_runs_again(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    message = message_to(campaign, "lead0@example.com")
    Message.objects.filter(pk=message.pk).update(state="unknown")
    assert engine.finish() == 1, "what is unknown waits for a person, not for the campaign"
    Message.objects.filter(pk=message.pk).update(state="planned")  # a late answer: try again later
    engine.finish()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert campaign.finished_at is None


def test_what_a_drain_gives_back_to_a_stopped_campaign_is_skipped(launcher: Launcher) -> None:
    campaign = launcher.start(2)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.STOPPED, finished_at=timezone.now())
    engine.finish()
    assert states(campaign) == {"skipped": 2}


def test_an_enrollment_that_waits_keeps_its_campaign_running_or_reopens_it(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    engine.drain(only_sender(campaign).pk)
    later = timezone.now() + timedelta(days=3)
    Enrollment.objects.filter(campaign=campaign).update(state="active", next_position=1, due_at=later)
    assert engine.finish() == 0
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.FINISHED, finished_at=timezone.now())
    engine.finish()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING


def test_one_that_was_stopped_long_ago_is_not_looked_at_any_more(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    past = timezone.now() - timedelta(days=8)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.STOPPED, finished_at=past)
    engine.finish()
    assert states(campaign) == {"planned": 1}
