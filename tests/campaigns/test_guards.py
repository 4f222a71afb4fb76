"""What a campaign needs cannot be deleted under it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns.engine import plan
from campaigns.models import Campaign, Message
from campaigns.services import pause_campaign, start_campaign, stop_campaign
from leads.importing.undo import why_not
from leads.lists import ListInUse, delete_list
from leads.models import LeadList, Segment
from leads.services import erase_leads
from senders.models import Sender
from senders.services import SenderError, delete_sender, usage
from tests.conftest import Browser
from tests.leads.importing import imported
from tracking.models import Event, Happening


def test_a_drafts_sender_and_list_can_go(campaign: Campaign, sender: Sender, people: LeadList) -> None:
    delete_sender(sender)
    delete_list(people)
    assert not campaign.senders.exists()
    assert not campaign.lists.exists()


def test_a_running_and_a_paused_campaign_keep_theirs(
    campaign: Campaign, alice: User, sender: Sender, people: LeadList
) -> None:
    start_campaign(campaign, alice)
    for _ in range(2):
        with pytest.raises(SenderError, match="needed by “Spring”"):
            delete_sender(sender)
        with pytest.raises(ListInUse, match="needed by “Spring”"):
            delete_list(people)
        if campaign.state == "running":
            pause_campaign(campaign)


def test_a_stopped_campaign_needs_nothing(campaign: Campaign, alice: User, sender: Sender, people: LeadList) -> None:
    start_campaign(campaign, alice)
    stop_campaign(campaign)
    delete_sender(sender)
    delete_list(people)
    assert not Sender.objects.exists()


def test_senders_know_what_they_sent(sender: Sender) -> None:
    assert usage([sender.pk]) == {sender.pk: 0}


def test_what_an_erased_person_opened_goes_with_them(campaign: Campaign, alice: User, people: LeadList) -> None:
    start_campaign(campaign, alice)
    plan()
    for message in Message.objects.filter(campaign=campaign):
        Event.objects.create(
            organisation=campaign.organisation,
            message_id=message.pk,
            lead_id=message.lead_id,
            kind=Happening.CLICKED,
            url="https://acme.example/?who=" + message.lead.email,
            at=timezone.now(),
            stream_id=f"event-{message.pk}",
        )
    erase_leads(people.leads.filter(email="ada@example.com"))
    assert Event.objects.count() == 2
    assert not Event.objects.filter(url__contains="ada").exists()


def test_an_import_whose_leads_were_mailed_since_stays(acme: Organisation, campaign: Campaign, alice: User) -> None:
    imported_by = imported(acme, b"Email,Company\ngrace@example.com,Navy Yard\n")
    assert imported_by.started_at
    start_campaign(campaign, alice)
    plan()
    message = Message.objects.filter(campaign=campaign, lead__email="grace@example.com")
    for state, sent_at in (("planned", None), ("failed", None), ("sent", imported_by.started_at - timedelta(days=1))):
        message.update(state=state, sent_at=sent_at)
        assert why_not(imported_by) == ""
    for state, sent_at in (("sending", None), ("unknown", None), ("sent", timezone.now())):
        message.update(state=state, sent_at=sent_at)
        assert "Mails were sent" in why_not(imported_by)


@pytest.mark.parametrize("column", ["segments", "excluded_segments"])
def test_a_running_campaign_keeps_the_segments_it_takes_and_leaves_out(
    as_alice: Browser, campaign: Campaign, alice: User, column: str
) -> None:
    rules = {"rules": [{"field": "company", "asks": "is", "value": "Nowhere"}]}
    segment = Segment.objects.create(organisation=campaign.organisation, name="Chosen", rules=rules)
    getattr(campaign, column).add(segment)
    start_campaign(campaign, alice)
    answer = as_alice.api("DELETE", f"/orgs/acme/segments/{segment.pk}")
    assert (answer.status_code, "needed by “Spring”" in answer.json()["detail"]) == (409, True)
    as_alice.post(f"/o/acme/segments/{segment.pk}/delete/")
    assert Segment.objects.filter(pk=segment.pk).exists()
    stop_campaign(campaign)
    assert as_alice.api("DELETE", f"/orgs/acme/segments/{segment.pk}").status_code == 204


def test_a_running_campaign_keeps_the_list_it_leaves_out(campaign: Campaign, alice: User) -> None:
    out = LeadList.objects.create(organisation=campaign.organisation, name="Out")
    campaign.excluded_lists.add(out)
    start_campaign(campaign, alice)
    with pytest.raises(ListInUse):
        delete_list(out)
