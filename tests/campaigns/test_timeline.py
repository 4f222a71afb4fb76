"""What campaigns tell on a lead's page."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from campaigns import engine
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress
from leads.timeline import places, timeline
from tests.conftest import Browser
from tracking.models import Event


def test_a_leads_timeline_tells_what_happened_newest_first(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    lead = Lead.objects.get(email="ada@example.com")
    at = timezone.now()
    Message.objects.filter(lead=lead).update(
        state="sent", sent_at=at + timedelta(hours=1), clicked_at=at + timedelta(hours=2)
    )
    entries = [(entry.kind, entry.text, entry.href) for entry in timeline(lead)]
    href = f"/o/acme/campaigns/{campaign.pk}/"
    assert entries[:2] == [("clicked", "Clicked a link in Spring", href), ("sent", "Was sent Spring", href)]
    assert {entry.kind for entry in timeline(Lead.objects.get(email="grace@example.com"))} == {"planned", "added"}


def test_a_failure_is_told_with_its_reason(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    lead = Lead.objects.get(email="ada@example.com")
    Message.objects.filter(lead=lead).update(state="failed", offered_at=timezone.now(), error="550 No such user")
    told = [(entry.text, entry.detail) for entry in timeline(lead)]
    assert ("Could not be sent Spring", "550 No such user") in told


def test_a_viewer_reads_it_and_a_stranger_does_not(
    campaign: Campaign, alice: User, as_vera: Browser, as_charlie: Browser
) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    lead = Lead.objects.get(email="ada@example.com")
    Message.objects.filter(lead=lead).update(state="sent", sent_at=timezone.now())
    assert "Was sent Spring" in as_vera.get(f"/o/acme/leads/{lead.pk}/").content.decode()
    assert as_charlie.get(f"/o/acme/leads/{lead.pk}/").status_code == 404


def test_an_unsubscription_is_told_once_with_its_mail(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    lead = Lead.objects.get(email="ada@example.com")
    at = timezone.now()
    Message.objects.filter(lead=lead).update(state="sent", sent_at=at, unsubscribed_at=at)
    suppress(campaign.organisation, lead.email, SuppressionReason.UNSUBSCRIBED, "link in a mail")
    assert [entry.text for entry in timeline(lead) if entry.kind == "unsubscribed"] == ["Unsubscribed through Spring"]
    Message.objects.filter(lead=lead).update(unsubscribed_at=None)
    assert [entry.text for entry in timeline(lead) if entry.kind == "unsubscribed"] == [
        "Not mailed any more from here on"
    ]


def test_every_event_is_told_with_its_link_and_machines_are_marked(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    lead = Lead.objects.get(email="ada@example.com")
    message = Message.objects.get(lead=lead)
    at = timezone.now()
    Message.objects.filter(pk=message.pk).update(state="sent", sent_at=at, clicked_at=at)
    for number, (machine, url) in enumerate(((False, "https://a.example/1"), (True, "https://a.example/2"))):
        Event.objects.create(
            organisation=campaign.organisation, message_id=message.pk, lead_id=lead.pk, kind="clicked", url=url,
            machine=machine, at=at + timedelta(minutes=number + 1), stream_id=f"{number}-0",
        )  # fmt: skip
    clicks = [(entry.text, entry.detail, entry.machine) for entry in timeline(lead) if entry.kind == "clicked"]
    assert clicks == [
        ("Clicked a link in Spring", "https://a.example/2", True),
        ("Clicked a link in Spring", "https://a.example/1", False),
    ], "the first time on the message's own row is one of them"


def test_a_lead_stands_somewhere_in_each_of_its_campaigns(campaign: Campaign, alice: User) -> None:
    lead = Lead.objects.get(email="ada@example.com")
    assert places(lead) == []
    start_campaign(campaign, alice)
    (place,) = places(lead)
    assert (place.name, place.state, place.href) == ("Spring", "active", f"/o/acme/campaigns/{campaign.pk}/")
    assert place.detail.startswith("next: step 1, ")
    assert place.detail.endswith("through alice@acme.example")
