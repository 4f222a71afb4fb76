"""Campaigns that start by themselves at their time, and those that are put away."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from campaigns.errors import BadValue, NotReady, WrongState
from campaigns.models import Activity, Campaign, CampaignState, Enrollment
from campaigns.scheduling import (
    archive_campaign,
    schedule_campaign,
    start_due,
    tell_scheduler,
    unarchive_campaign,
    unschedule_campaign,
)
from campaigns.services import start_campaign, stop_campaign
from tests.conftest import Browser

SOON = timedelta(hours=2)


def its_time_comes(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(start_at=timezone.now() - timedelta(seconds=1))


def page(campaign: Campaign, rest: str = "") -> str:
    return f"/o/acme/campaigns/{campaign.pk}/{rest}"


def kinds(campaign: Campaign) -> list[str]:
    return list(campaign.activities.order_by("pk").values_list("kind", flat=True))


def toast(response: Any) -> str:
    return str(json.loads(response["HX-Trigger"])["toast"]["message"])


def test_it_starts_at_its_time_and_not_before(campaign: Campaign, alice: User) -> None:
    schedule_campaign(campaign, timezone.now() + SOON, alice)
    assert (campaign.state, start_due()) == (CampaignState.SCHEDULED, 0)
    assert not Enrollment.objects.exists()
    its_time_comes(campaign)
    assert start_due() == 1
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert Enrollment.objects.filter(campaign=campaign).count() == 3
    assert start_due() == 0
    assert kinds(campaign) == ["created", "scheduled", "started"]
    assert campaign.activities.get(kind="started").automatic


def test_one_that_is_not_ready_any_more_is_a_draft_again_and_whoever_scheduled_it_is_told(
    campaign: Campaign, alice: User
) -> None:
    schedule_campaign(campaign, timezone.now() + SOON, alice)
    campaign.senders.clear()
    its_time_comes(campaign)
    assert start_due() == 0
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    entry = Activity.objects.get(kind="not_started")
    assert "No sender is chosen." in entry.text
    assert tell_scheduler(entry)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([alice.email], "“Spring” did not start")
    assert page(campaign) in sent.body


def test_what_is_not_ready_or_over_is_not_scheduled(campaign: Campaign, alice: User) -> None:
    with pytest.raises(BadValue):
        schedule_campaign(campaign, timezone.now(), alice)
    campaign.senders.clear()
    with pytest.raises(NotReady):
        schedule_campaign(campaign, timezone.now() + SOON, alice)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.start_at) == (CampaignState.DRAFT, None)


def test_it_is_taken_off_the_schedule_moved_and_started_by_hand(campaign: Campaign, alice: User) -> None:
    schedule_campaign(campaign, timezone.now() + SOON, alice)
    unschedule_campaign(campaign, alice)
    assert campaign.state == CampaignState.DRAFT
    with pytest.raises(WrongState):
        unschedule_campaign(campaign, alice)
    schedule_campaign(campaign, timezone.now() + SOON, alice)
    schedule_campaign(campaign, timezone.now() + 2 * SOON, alice)
    start_campaign(campaign, alice)
    assert campaign.state == CampaignState.RUNNING


def test_only_what_sends_nothing_more_is_archived_and_it_comes_back(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    with pytest.raises(WrongState):
        archive_campaign(campaign, alice)
    stop_campaign(campaign, alice)
    archived = archive_campaign(archive_campaign(campaign, alice), alice).archived_at
    assert archived is not None
    back = unarchive_campaign(Campaign.objects.get(pk=campaign.pk), alice)
    assert back.archived_at is None
    assert kinds(campaign) == ["created", "started", "stopped", "archived", "unarchived"]


def test_the_page_schedules_in_the_campaigns_time_zone(as_alice: Browser, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(time_zone="Asia/Tokyo")
    assert "Choose a day and a time" in toast(as_alice.post(page(campaign, "start-at/"), {"start_at": "soon"}))
    assert toast(as_alice.post(page(campaign, "start-at/"), {"start_at": "2035-05-01T09:00"})).startswith("Scheduled")
    campaign.refresh_from_db()
    assert campaign.start_at is not None
    assert campaign.start_at.isoformat() == "2035-05-01T00:00:00+00:00"
    shown = as_alice.get(page(campaign)).content.decode()
    assert "Tuesday, May 1, 2035, 09:00" in shown
    as_alice.post(page(campaign, "unschedule/"))
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_an_archived_campaign_is_in_the_list_only_when_asked_for(as_alice: Browser, campaign: Campaign) -> None:
    as_alice.post(page(campaign, "archive/"))
    assert "Spring" not in as_alice.get("/o/acme/campaigns/?q=").content.decode()
    assert "Spring" in as_alice.get("/o/acme/campaigns/?state=archived").content.decode()
    as_alice.post(page(campaign, "unarchive/"))
    assert "Spring" in as_alice.get("/o/acme/campaigns/").content.decode()


def test_the_log_says_who_and_why_and_names_no_erased_lead(as_alice: Browser, campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    stop_campaign(campaign)
    shown = as_alice.get(page(campaign, "activity/")).content.decode()
    assert "Started with 3 leads." in shown
    assert "eCRM" in shown
    only = as_alice.get(page(campaign, "activity/?kind=started")).context["page"].object_list
    assert [entry.kind for entry in only] == ["started"]


def test_strangers_and_viewers_move_nothing(as_charlie: Browser, as_vera: Browser, campaign: Campaign) -> None:
    for rest in ("start-at/", "unschedule/", "archive/", "unarchive/"):
        assert as_charlie.post(page(campaign, rest)).status_code == 404
        assert as_vera.post(page(campaign, rest)).status_code == 403
    assert as_vera.get(page(campaign, "activity/")).status_code == 200
    assert as_charlie.get(page(campaign, "activity/")).status_code == 404


def test_programs_schedule_archive_copy_and_read_the_log(as_alice: Browser, campaign: Campaign) -> None:
    base = f"/orgs/acme/campaigns/{campaign.pk}"
    assert as_alice.api("POST", f"{base}/schedule", {"start_at": "2035-05-01T09:00:00"}).status_code == 422
    assert as_alice.api("POST", f"{base}/schedule", {"start_at": "2001-05-01T09:00:00Z"}).status_code == 422
    answer = as_alice.api("POST", f"{base}/schedule", {"start_at": "2035-05-01T09:00:00Z"}).json()
    assert (answer["state"], answer["start_at"]) == ("scheduled", "2035-05-01T09:00:00Z")
    assert as_alice.api("POST", f"{base}/unschedule").json()["state"] == "draft"
    assert as_alice.api("POST", f"{base}/archive").json()["archived_at"]
    assert as_alice.api("POST", f"{base}/unarchive").json()["archived_at"] is None
    assert as_alice.api("POST", f"{base}/clone").json()["name"] == "Spring (copy)"
    log = as_alice.api("GET", f"{base}/activity").json()["items"]
    assert [entry["kind"] for entry in log][:2] == ["unarchived", "archived"]
    assert log[0]["by"] == "Alice Archer" or log[0]["by"]
