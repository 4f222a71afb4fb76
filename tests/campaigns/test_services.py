"""What people do with campaigns: each verb moves the state it may, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.editing import clone_campaign, create_campaign, update_campaign
from campaigns.errors import BadValue, CampaignGone, NotReady, WrongState
from campaigns.models import Campaign, CampaignState, Enrollment, Message, Variant
from campaigns.services import (
    decide_unknown,
    delete_campaign,
    pause_campaign,
    resume_campaign,
    start_campaign,
    stop_campaign,
)
from campaigns.wording import StepContent
from leads.models import Lead, LeadList, SuppressionReason
from leads.suppression import suppress
from tracking.models import Event


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    return campaign


def test_a_new_campaign_is_a_draft_with_one_empty_step(acme: Organisation, alice: User) -> None:
    campaign = create_campaign(acme, alice, {"name": "  "})
    assert (campaign.name, campaign.state) == ("Untitled campaign", CampaignState.DRAFT)
    variant = Variant.objects.get(step__campaign=campaign)
    assert (variant.subject, variant.body_html, variant.body_text) == ("", "", "")


def test_a_bad_value_leaves_nothing_behind(acme: Organisation, alice: User) -> None:
    with pytest.raises(BadValue) as raised:
        create_campaign(acme, alice, {"name": "x", "time_zone": "Mars/Olympus"})
    assert raised.value.field == "time_zone"
    assert not Campaign.objects.exists()


def test_what_postgresql_cannot_hold_is_left_out(campaign: Campaign, variant: Variant) -> None:
    update_campaign(campaign, {"name": "a\0b", "steps": [StepContent("c\0d", "e\0f", "g\0h")]})
    variant.refresh_from_db()
    assert (campaign.name, variant.subject, variant.body_html, variant.body_text) == ("ab", "cd", "ef", "gh")


def test_fewer_steps_take_the_others_away(campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("1"), StepContent("2")]})
    assert campaign.steps.count() == 2
    update_campaign(campaign, {"steps": [StepContent("1")]})
    assert campaign.steps.get().variants.get().subject == "1"


def test_a_start_enrols_everyone_on_the_lists_once(
    campaign: Campaign, alice: User, acme: Organisation, add_lead: Callable[..., Lead], people: LeadList
) -> None:
    both = LeadList.objects.create(organisation=acme, name="Both")
    campaign.lists.add(both)
    ada = Lead.objects.get(email="ada@example.com")
    both.entries.create(lead=ada, organisation=acme)
    gone = add_lead("gone@example.com", people)
    suppress(acme, gone.email, SuppressionReason.UNSUBSCRIBED, "test")
    start_campaign(campaign, alice)
    enrolled = Enrollment.objects.filter(campaign=campaign).values_list("lead__email", flat=True)
    assert sorted(enrolled) == ["ada@example.com", "grace@example.com", "nobody@example.com"]
    assert campaign.started_at is not None


def test_a_start_that_is_not_ready_changes_nothing(acme: Organisation, alice: User) -> None:
    campaign = create_campaign(acme, alice, {"name": "Empty"})
    with pytest.raises(NotReady) as raised:
        start_campaign(campaign, alice)
    assert {finding.field for finding in raised.value.findings} >= {"lists", "senders", "subject", "body_html"}
    campaign.refresh_from_db()
    assert (campaign.state, campaign.started_at) == (CampaignState.DRAFT, None)
    assert not Enrollment.objects.exists()


def test_a_second_start_is_refused_in_words(running: Campaign, alice: User) -> None:
    with pytest.raises(WrongState, match="Only a draft or scheduled campaign can be started; this one is running"):
        start_campaign(running, alice)
    assert Enrollment.objects.count() == 3


def test_an_ended_campaign_cannot_be_changed(running: Campaign) -> None:
    stop_campaign(running)
    with pytest.raises(WrongState, match="stopped"):
        update_campaign(running, {"name": "Late"})
    running.refresh_from_db()
    assert running.name == "Spring"


def test_pause_and_resume_leave_the_messages_alone(running: Campaign) -> None:
    running.senders.update(next_slot_at=timezone.now() - timedelta(hours=1))  # a test's clock stands still
    assert engine.senders_with_work()
    pause_campaign(running)
    assert running.state == CampaignState.PAUSED
    assert engine.senders_with_work() == []
    resume_campaign(running)
    assert engine.senders_with_work() == [running.senders.get().pk]
    assert set(Message.objects.values_list("state", flat=True)) == {"planned"}


def test_a_stop_skips_what_is_planned_and_keeps_what_was_sent(running: Campaign) -> None:
    Message.objects.filter(lead__email="ada@example.com").update(state="sent", sent_at=timezone.now())
    stop_campaign(running)
    states = dict(Message.objects.values_list("lead__email", "state"))
    assert states == {"ada@example.com": "sent", "grace@example.com": "skipped", "nobody@example.com": "skipped"}
    assert not Enrollment.objects.filter(state="active").exists()
    with pytest.raises(WrongState):
        resume_campaign(running)


def test_a_clone_has_the_content_and_none_of_the_history(running: Campaign, alice: User) -> None:
    copy = clone_campaign(running, alice)
    assert (copy.name, copy.state, copy.started_at) == ("Spring (copy)", CampaignState.DRAFT, None)
    assert list(copy.senders.all()) == list(running.senders.all())
    assert list(copy.lists.all()) == list(running.lists.all())
    assert copy.steps.get().variants.get().body_html == running.steps.get().variants.get().body_html
    assert not copy.messages.exists()


def test_deleting_takes_messages_and_events_and_leaves_the_leads(running: Campaign, strangers: Campaign) -> None:
    message = Message.objects.filter(campaign=running)[0]
    common = {"kind": "opened", "at": timezone.now(), "message_id": message.pk, "lead_id": message.lead_id}
    Event.objects.create(organisation=running.organisation, stream_id="1", **common)
    Event.objects.create(organisation=strangers.organisation, stream_id="2", **common)
    with pytest.raises(WrongState, match="stop it"):
        delete_campaign(running)
    stop_campaign(running)
    delete_campaign(running)
    assert list(Campaign.objects.all()) == [strangers]
    assert not Message.objects.exists()
    assert Event.objects.get().organisation == strangers.organisation
    assert Lead.objects.count() == 3


def test_a_campaign_is_not_deleted_under_a_mail_that_is_on_its_way(running: Campaign) -> None:
    stop_campaign(running)
    Message.objects.filter(lead__email="ada@example.com").update(state="sending")
    with pytest.raises(WrongState, match="on its way"):
        delete_campaign(running)


@pytest.mark.parametrize(("resend", "state"), [(True, "planned"), (False, "failed")])
def test_an_unknown_message_becomes_what_a_person_decides(running: Campaign, resend: bool, state: str) -> None:
    one, other, _ = Message.objects.order_by("pk")
    Message.objects.filter(pk__in=[one.pk, other.pk]).update(state="unknown")
    assert decide_unknown(running, [one.pk], resend=resend) == 1
    assert [Message.objects.get(pk=message.pk).state for message in (one, other)] == [state, "unknown"]


def test_a_decision_reaches_no_message_of_another_campaign(running: Campaign, strangers: Campaign) -> None:
    message = Message.objects.all()[0]
    Message.objects.filter(pk=message.pk).update(state="unknown")
    assert decide_unknown(strangers, [message.pk], resend=True) == 0
    assert decide_unknown(strangers, [message.pk], resend=False) == 0


def test_a_stopped_campaign_sends_nothing_again(running: Campaign) -> None:
    message = Message.objects.all()[0]
    stop_campaign(running)
    Message.objects.filter(pk=message.pk).update(state="unknown")
    with pytest.raises(WrongState, match="stopped"):
        decide_unknown(running, [message.pk], resend=True)
    assert decide_unknown(running, [message.pk], resend=False) == 1


def test_work_is_signalled_once_the_start_is_committed(
    campaign: Campaign, alice: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        start_campaign(campaign, alice)
    assert len(callbacks) == 1


def test_no_time_zone_is_utc(campaign: Campaign) -> None:
    update_campaign(campaign, {"time_zone": "", "window": {"days": [0]}})
    campaign.refresh_from_db()
    assert campaign.time_zone == "UTC"
    assert campaign.window is not None
    assert campaign.window["time_zone"] == "UTC"


def test_what_was_deleted_meanwhile_is_said_to_be_gone(campaign: Campaign, alice: User) -> None:
    Campaign.objects.filter(pk=campaign.pk).delete()
    verbs: list[Callable[[], object]] = [
        lambda: update_campaign(campaign, {"name": "x"}),
        lambda: start_campaign(campaign, alice),
        lambda: pause_campaign(campaign),
        lambda: delete_campaign(campaign),
        lambda: decide_unknown(campaign, [], resend=True),
    ]
    for act in verbs:
        with pytest.raises(CampaignGone):
            act()
    assert not Campaign.objects.exists()
