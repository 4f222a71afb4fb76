"""An organisation's home: what happened, what runs, and what a newcomer does next."""

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from senders.models import Sender
from tests.conftest import Browser

HOME = "/o/acme/"


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    Message.objects.filter(lead__email="ada@example.com").update(
        state="sent", sent_at=timezone.now(), opened_at=timezone.now()
    )
    return campaign


def test_a_newcomer_is_led_from_sender_to_campaign(as_alice: Browser, acme: Organisation) -> None:
    Organisation.objects.update(postal_address="")
    page = as_alice.get(HOME).content.decode()
    steps = ["Connect a sender", "Import your leads", "Enter your postal address", "Start your first campaign"]
    assert sorted(steps, key=page.index) == steps
    for href in ("senders/new/", "imports/new/", "settings/", "campaigns/new/"):
        assert f'href="/o/acme/{href}"' in page
    assert "(done)" not in page


def test_what_is_done_is_ticked_off(as_alice: Browser, campaign: Campaign) -> None:
    page = as_alice.get(HOME).content.decode()
    assert page.count("(done)") == 3
    assert 'href="/o/acme/senders/new/"' not in page


def test_the_list_of_steps_goes_with_the_first_campaign(as_alice: Browser, running: Campaign) -> None:
    page = as_alice.get(HOME).content.decode()
    assert "Your way to the first campaign" not in page
    assert "2 to go" in page
    assert "100 %" in page


def test_a_running_campaign_says_why_it_sends_nothing(as_vera: Browser, running: Campaign) -> None:
    Sender.objects.update(state="paused", held_at=timezone.now(), state_reason="9 of its last 60 mails <bounced>.")
    page = as_vera.get(HOME).content.decode()
    assert "alice@acme.example paused itself. 9 of its last 60 mails &lt;bounced&gt;." in page
    Campaign.objects.update(state="paused")
    assert "paused itself. 9" not in as_vera.get(HOME).content.decode().partition('id="running"')[2]


def test_the_running_campaigns_alone_are_sent_to_the_page_that_looks_again(
    as_alice: Browser, running: Campaign
) -> None:
    fragment = as_alice.get(HOME, headers={"HX-Request-Type": "partial"}).content.decode()
    assert "2 to go" in fragment
    assert "<h1" not in fragment


def test_ended_campaigns_are_listed(as_alice: Browser, running: Campaign) -> None:
    Campaign.objects.update(state="finished", finished_at=timezone.now())
    page = as_alice.get(HOME).content.decode()
    assert "Ended lately" in page
    assert "No campaign is running" in page


def test_a_viewer_looks_and_is_offered_nothing_to_do(as_vera: Browser, running: Campaign) -> None:
    page = as_vera.get(HOME).content.decode()
    assert "2 to go" in page
    assert "/campaigns/new/" not in page


def test_a_stranger_finds_nothing(as_charlie: Browser, running: Campaign) -> None:
    assert as_charlie.get(HOME).status_code == 404
    assert "Spring" not in as_charlie.get("/o/other/").content.decode()


def test_without_a_token_there_is_only_the_shell(as_alice: Browser, running: Campaign) -> None:
    assert b"Spring" not in as_alice.navigate(HOME).content
