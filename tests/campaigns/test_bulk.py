"""Leads from the table into a campaign, and out again while they got nothing."""

import pytest

from campaigns import engine
from campaigns.bulk import open_campaigns
from campaigns.models import Campaign, Enrollment
from campaigns.services import stop_campaign
from leads.models import BulkAction, Lead
from tests.campaigns.launching import Launcher, only_sender
from tests.conftest import Browser

pytestmark = pytest.mark.django_db(transaction=True)
BULK = "/o/acme/leads/bulk/"


def post(browser: Browser, campaign: Campaign | str, **more: object) -> object:
    key = campaign if isinstance(campaign, str) else str(campaign.pk)
    leads = list(Lead.objects.filter(organisation__slug="acme").order_by("pk").values_list("pk", flat=True))
    return browser.post(BULK, {"action": "enrol", "choice": key, "lead": leads} | more)


def inside(campaign: Campaign) -> set[str]:
    return set(Enrollment.objects.filter(campaign=campaign).values_list("lead__email", flat=True))


def test_chosen_leads_come_in_and_who_got_nothing_goes_out_again(launcher: Launcher, as_alice: Browser) -> None:
    campaign = launcher.start(1)
    launcher.people(3, "Others")
    launcher.suppress("lead2@example.com")
    post(as_alice, campaign)
    assert inside(campaign) == {"lead0@example.com", "lead1@example.com"}
    bulk = BulkAction.objects.get()
    assert bulk.changed == 1, "one was in it already, one may not be mailed"
    as_alice.post(f"/o/acme/leads/bulk/{bulk.pk}/undo/")
    assert inside(campaign) == {"lead0@example.com"}


def test_who_got_a_mail_stays(launcher: Launcher, as_alice: Browser) -> None:
    campaign = launcher.start(1)
    launcher.people(2, "Others")
    post(as_alice, campaign)
    engine.plan()
    engine.drain(only_sender(campaign).pk)
    as_alice.post(f"/o/acme/leads/bulk/{BulkAction.objects.get().pk}/undo/")
    assert len(inside(campaign)) == 2


def test_only_open_campaigns_of_the_organisation_are_offered(
    launcher: Launcher, as_alice: Browser, strangers: Campaign
) -> None:
    sender = [launcher.sender()]
    draft = launcher.draft(1, senders=sender)
    running, ended = launcher.start(1, senders=sender), launcher.start(1, senders=sender)
    stop_campaign(ended)
    assert list(open_campaigns(launcher.acme)) == [str(running.pk)]
    assert running.name in as_alice.get("/o/acme/leads/").content.decode()
    for key in (str(strangers.pk), str(draft.pk), "x", ""):
        assert "Choose one from the list" in post(as_alice, key).content.decode()  # type: ignore[attr-defined]
    assert not Enrollment.objects.filter(campaign__in=[draft, strangers]).exists()


def test_all_that_a_search_finds_is_asked_about_first(launcher: Launcher, as_alice: Browser) -> None:
    campaign = launcher.start(1)
    launcher.people(2, "Others")
    answer = post(as_alice, campaign, all="1")
    assert f"to the campaign “{campaign.name}”?" in answer.content.decode()  # type: ignore[attr-defined]
    assert len(inside(campaign)) == 1
    post(as_alice, campaign, all="1", confirmed="1")
    assert len(inside(campaign)) == 2
