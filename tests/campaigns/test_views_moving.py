"""Starting, pausing, resuming, stopping, copying and deleting from a page, and deciding about unknown mails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from campaigns import engine
from campaigns.engine import drain
from campaigns.models import Campaign, CampaignState, Message
from campaigns.services import start_campaign, stop_campaign
from senders.models import Sender
from tests.conftest import Browser
from tests.providers.smtp import SmtpServer

VERBS = ["start", "pause", "resume", "stop", "clone", "delete", "retry", "unknown"]


def at(campaign: Campaign, verb: str) -> str:
    return f"/o/acme/campaigns/{campaign.pk}/{verb}/"


def toast(response: Any) -> dict[str, str]:
    found: dict[str, str] = json.loads(response["HX-Trigger"])["toast"]
    return found


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    return campaign


def test_it_starts_pauses_resumes_and_stops(as_alice: Browser, campaign: Campaign) -> None:
    for verb, state in (("start", "running"), ("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        response = as_alice.post(at(campaign, verb))
        assert response.status_code == 204
        assert response["HX-Location"] == f"/o/acme/campaigns/{campaign.pk}/"
        assert toast(response)["kind"] == "info"
        campaign.refresh_from_db()
        assert campaign.state == state


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "stop"])
def test_what_the_state_forbids_is_said_in_words_and_the_page_renewed(
    as_alice: Browser, running: Campaign, verb: str
) -> None:
    stop_campaign(running)
    response = as_alice.post(at(running, verb))
    assert response["HX-Location"] == f"/o/acme/campaigns/{running.pk}/"
    assert toast(response)["kind"] == "error"
    assert "this one is stopped" in toast(response)["message"]


def test_a_start_that_is_not_ready_shows_why(as_alice: Browser, campaign: Campaign) -> None:
    campaign.lists.clear()
    response = as_alice.post(at(campaign, "start"))
    assert response.status_code == 422
    assert "No list or segment is chosen" in response.content.decode()
    assert "It was not started" in response.content.decode()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_a_copy_opens_for_editing(as_alice: Browser, running: Campaign) -> None:
    response = as_alice.post(at(running, "clone"))
    copy = Campaign.objects.get(name="Spring (copy)")
    assert response["HX-Location"] == f"/o/acme/campaigns/{copy.pk}/edit/"
    assert copy.state == CampaignState.DRAFT


def test_a_draft_is_deleted_and_a_running_campaign_is_not(as_alice: Browser, campaign: Campaign, alice: User) -> None:
    other = Campaign.objects.create(organisation=campaign.organisation, name="Other")
    response = as_alice.post(at(other, "delete"))
    assert response["HX-Location"] == "/o/acme/campaigns/"
    assert toast(response)["message"] == "Other was deleted."
    start_campaign(campaign, alice)
    assert toast(as_alice.post(at(campaign, "delete")))["kind"] == "error"
    assert list(Campaign.objects.all()) == [campaign]


def test_a_campaign_that_was_deleted_meanwhile_is_not_found(
    as_alice: Browser, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.views.moving.campaign_of", lambda *about: campaign)
    Campaign.objects.filter(pk=campaign.pk).delete()
    for verb in ("start", "pause", "delete"):
        assert as_alice.post(at(campaign, verb)).status_code == 404


@pytest.fixture
def unknown(running: Campaign) -> list[int]:
    """All three messages of the campaign, offered and not answered."""
    Message.objects.filter(campaign=running).update(state="unknown")
    return list(Message.objects.filter(campaign=running).order_by("pk").values_list("pk", flat=True))


def states(ids: list[int]) -> list[str]:
    return [Message.objects.get(pk=pk).state for pk in ids]


@pytest.mark.parametrize(("decision", "state"), [("resend", "planned"), ("close", "failed")])
def test_the_ticked_ones_alone_are_decided(
    as_alice: Browser, running: Campaign, unknown: list[int], decision: str, state: str
) -> None:
    response = as_alice.post(at(running, "unknown"), {"decision": decision, "message": unknown[:2]})
    assert response["HX-Location"] == f"/o/acme/campaigns/{running.pk}/messages/"
    assert "2 mails" in toast(response)["message"]
    assert states(unknown) == [state, state, "unknown"]


def test_all_of_them_can_be_decided_at_once(as_alice: Browser, running: Campaign, unknown: list[int]) -> None:
    as_alice.post(at(running, "unknown"), {"decision": "close", "all": "on"})
    assert states(unknown) == ["failed"] * 3


@pytest.mark.parametrize("ticked", [[], ["abc"], ["-1"], ["9" * 30]])
def test_where_nothing_is_ticked_nothing_happens(
    as_alice: Browser, running: Campaign, unknown: list[int], ticked: list[str]
) -> None:
    response = as_alice.post(at(running, "unknown"), {"decision": "resend", "message": ticked})
    assert "Tick" in toast(response)["message"]
    assert states(unknown) == ["unknown"] * 3


def test_only_unknown_messages_of_this_campaign_are_touched(
    as_charlie: Browser, as_alice: Browser, running: Campaign, unknown: list[int], strangers: Campaign
) -> None:
    as_charlie.post(f"/o/other/campaigns/{strangers.pk}/unknown/", {"decision": "close", "message": unknown})
    Message.objects.filter(pk=unknown[0]).update(state="sent")
    as_alice.post(at(running, "unknown"), {"decision": "close", "message": unknown})
    assert states(unknown) == ["sent", "failed", "failed"]


@pytest.fixture
def mailbox(sender: Sender) -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        Sender.objects.filter(pk=sender.pk).update(port=server.port)
        yield server


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_again_goes_out_once_under_its_message_id(
    as_alice: Browser, running: Campaign, unknown: list[int], sender: Sender, mailbox: SmtpServer
) -> None:
    as_alice.post(at(running, "unknown"), {"decision": "resend", "message": unknown[:1]})
    drain(sender.pk)
    (mail,) = mailbox.mails
    assert f"Message-ID: <{Message.objects.get(pk=unknown[0]).message_id}>".encode() in mail.data
    assert states(unknown) == ["sent", "unknown", "unknown"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_stranger_moves_nothing(as_charlie: Browser, campaign: Campaign, verb: str) -> None:
    assert as_charlie.post(at(campaign, verb)).status_code == 404
    assert as_charlie.post(f"/o/other/campaigns/{campaign.pk}/{verb}/").status_code == 404
    assert Campaign.objects.get().state == CampaignState.DRAFT


@pytest.mark.parametrize("verb", VERBS)
def test_a_viewer_moves_nothing(as_vera: Browser, campaign: Campaign, verb: str) -> None:
    assert as_vera.post(at(campaign, verb)).status_code == 403
    assert Campaign.objects.get().state == CampaignState.DRAFT


@pytest.mark.parametrize("verb", VERBS)
def test_following_a_link_moves_nothing(as_alice: Browser, campaign: Campaign, verb: str) -> None:
    assert as_alice.get(at(campaign, verb)).status_code == 405
    assert Campaign.objects.get().state == CampaignState.DRAFT


def test_a_copy_for_those_that_failed_opens_in_the_editor(as_alice: Browser, running: Campaign) -> None:
    refused = as_alice.post(at(running, "retry"))
    assert "wait for its end" in toast(refused)["message"]
    Message.objects.filter(lead__email="ada@example.com").update(state="failed")
    stop_campaign(running)
    response = as_alice.post(at(running, "retry"))
    copy = Campaign.objects.latest("pk")
    assert response["HX-Location"] == f"/o/acme/campaigns/{copy.pk}/edit/"
    assert copy.lists.get().name == "Spring – failed"
