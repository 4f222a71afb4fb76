"""Campaigns over the API: the contract of shared/API.md, and who may not."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.models import Campaign, CampaignState, Message
from campaigns.services import stop_campaign
from leads.models import LeadList
from senders.models import Sender
from tests.conftest import Browser
from tracking.models import Event

BASE = "/orgs/acme/campaigns"


def new(sender: Sender, people: LeadList, **changes: Any) -> dict[str, Any]:
    step = {"subject": "Hi {{ email }}", "body_html": "<p>Hi</p>"}
    return {"name": "Spring", "senders": [str(sender.pk)], "lists": [str(people.pk)], "steps": [step]} | changes


@pytest.fixture
def running(campaign: Campaign, as_alice: Browser) -> Campaign:
    assert as_alice.api("POST", f"{BASE}/{campaign.pk}/start").status_code == 200
    engine.plan()
    campaign.refresh_from_db()
    return campaign


def test_create_answers_201_with_the_draft(as_alice: Browser, sender: Sender, people: LeadList) -> None:
    window = {"days": [0, 1], "start": "09:00", "end": "17:00"}
    body = new(sender, people, track_opens=False, time_zone="Europe/Berlin", window=window)
    response = as_alice.api("POST", BASE, body)
    assert response.status_code == 201, response.content
    answer = response.json()
    assert answer["state"] == "draft"
    assert answer["senders"] == [str(sender.pk)]
    assert answer["lists"] == [str(people.pk)]
    assert answer["track_opens"] is False
    assert answer["window"] == {**window, "time_zone": "Europe/Berlin"}
    [step] = answer["steps"]
    given = {"subject": "Hi {{ email }}", "body_html": "<p>Hi</p>", "body_text": "", "delay_hours": 0, "variants": []}
    assert {name: step[name] for name in given} == given
    assert as_alice.api("GET", f"{BASE}/{answer['id']}").json() == answer


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"steps": []}, "steps"),
        ({"steps": [{"subject": "1"}] * 21}, "steps"),
        ({"steps": [{"subject": "1", "condition": "sunny"}]}, "steps.0.condition"),
        ({"steps": [{"subject": "1", "delay_hours": -1}]}, "steps.0.delay_hours"),
        ({"steps": [{"subject": "1", "variants": [{"name": "A", "subject": "B"}]}]}, "steps.0.variants"),
        ({"steps": [{"subject": "1", "weight": 0}]}, "steps.0.variants"),
        ({"steps": [{"subject": "1", "id": "999999"}]}, "steps"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"priority": "urgent"}, "priority"),
        ({"start_at": "2027-01-01T09:00:00"}, "start_at"),
        ({"segments": ["999999"]}, "segments"),
        ({"excluded_lists": ["999999"]}, "excluded_lists"),
        ({"steps": [{"subject": "x" * 501}]}, "steps.0.subject"),
        ({"steps": [{"subject": "1", "colour": "red"}]}, "steps.0.colour"),
        ({"name": " "}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"window": {"days": [9]}}, "window"),
        ({"colour": "red"}, "colour"),
        ({"senders": ["999999"]}, "senders"),
        ({"lists": ["abc"]}, "lists"),
    ],
)
def test_a_value_that_is_not_accepted_names_its_field(
    as_alice: Browser, sender: Sender, people: LeadList, changes: dict[str, Any], field: str
) -> None:
    response = as_alice.api("POST", BASE, new(sender, people, **changes))
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Campaign.objects.exists()


def test_another_organisations_sender_and_list_are_not_accepted(
    as_charlie: Browser, sender: Sender, people: LeadList
) -> None:
    for field, value in (("senders", [str(sender.pk)]), ("lists", [str(people.pk)])):
        body = {"name": "Mine", "steps": [{"subject": "x"}], field: value}
        response = as_charlie.api("POST", "/orgs/other/campaigns", body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == field


def test_a_draft_is_changed_in_part(as_alice: Browser, campaign: Campaign) -> None:
    before = as_alice.api("GET", f"{BASE}/{campaign.pk}").json()
    answer = as_alice.api("PATCH", f"{BASE}/{campaign.pk}", {"name": "Summer", "senders": []}).json()
    assert answer == {**before, "name": "Summer", "senders": [], "version": before["version"] + 1}
    answer = as_alice.api("PATCH", f"{BASE}/{campaign.pk}", {"steps": before["steps"]}).json()
    assert answer["steps"] == before["steps"]


def test_a_running_campaign_is_changed_for_what_is_to_come_and_not_deleted(
    as_alice: Browser, running: Campaign
) -> None:
    url = f"{BASE}/{running.pk}"
    steps = as_alice.api("GET", url).json()["steps"]
    answer = as_alice.api("PATCH", url, {"steps": [*steps, {"subject": "Again", "body_html": "<p>Again</p>"}]})
    assert answer.status_code == 200, answer.content
    assert [step["subject"] for step in answer.json()["steps"]] == [steps[0]["subject"], "Again"]
    assert as_alice.api("DELETE", url).status_code == 409


def test_an_ended_campaign_is_not_changed(as_alice: Browser, running: Campaign) -> None:
    stop_campaign(running)
    assert as_alice.api("PATCH", f"{BASE}/{running.pk}", {"name": "Late"}).status_code == 409
    running.refresh_from_db()
    assert running.name == "Spring"


def test_of_two_who_change_a_campaign_the_second_is_told(as_alice: Browser, campaign: Campaign) -> None:
    url = f"{BASE}/{campaign.pk}"
    read = as_alice.api("GET", url).json()["version"]
    assert as_alice.api("PATCH", url, {"name": "First", "version": read}).status_code == 200
    second = as_alice.api("PATCH", url, {"name": "Second", "version": read})
    assert second.status_code == 409
    assert "Alice" in second.json()["detail"]
    assert as_alice.api("GET", url).json()["name"] == "First"


SEQUENCE = [
    {"subject": "One", "body_html": "<p>1</p>", "weight": 3, "variants": [{"subject": "Uno", "body_html": "<p>I</p>"}]},
    {"body_html": "<p>2</p>", "delay_business_days": 2, "same_thread": True, "condition": "not_opened"},
    {"delay_hours": 72, "variants": [{"name": "X", "subject": "x"}, {"name": "Y", "subject": "y", "weight": 2}]},
]


def test_a_sequence_comes_back_as_it_was_sent_and_a_patch_of_it_changes_nothing(
    as_alice: Browser, sender: Sender, people: LeadList
) -> None:
    answer = as_alice.api("POST", BASE, new(sender, people, steps=SEQUENCE))
    assert answer.status_code == 201, answer.content
    steps = answer.json()["steps"]
    assert [step["delay_business_days"] for step in steps] == [0, 2, 0]
    assert [(step["subject"], step["weight"]) for step in steps] == [("One", 3), ("", 1), ("", 1)]
    variants = [[(variant["name"], variant["weight"]) for variant in step["variants"]] for step in steps]
    assert variants == [[("B", 1)], [], [("X", 1), ("Y", 2)]]
    again = as_alice.api("PATCH", f"{BASE}/{answer.json()['id']}", {"steps": steps}).json()
    assert again["steps"] == steps


def test_the_list_pages_newest_first_and_filters(as_alice: Browser, sender: Sender, people: LeadList) -> None:
    ids = [as_alice.api("POST", BASE, new(sender, people, name=f"No {n}")).json()["id"] for n in range(3)]
    first = as_alice.api("GET", f"{BASE}?limit=2").json()
    assert [item["id"] for item in first["items"]] == [ids[2], ids[1]]
    second = as_alice.api("GET", f"{BASE}?limit=2&cursor={first['next']}").json()
    assert [item["id"] for item in second["items"]] == [ids[0]]
    assert second["next"] is None
    assert [item["id"] for item in as_alice.api("GET", f"{BASE}?q=no+1").json()["items"]] == [ids[1]]
    assert as_alice.api("GET", f"{BASE}?state=running").json()["items"] == []
    assert as_alice.api("GET", f"{BASE}?limit=501").status_code == 422


def test_delete_takes_a_draft_away(as_alice: Browser, campaign: Campaign) -> None:
    assert as_alice.api("DELETE", f"{BASE}/{campaign.pk}").status_code == 204
    assert as_alice.api("GET", f"{BASE}/{campaign.pk}").status_code == 404


def test_preflight_tells_what_is_missing(as_alice: Browser) -> None:
    made = as_alice.api("POST", BASE, {"name": "Empty", "steps": [{"subject": ""}]}).json()
    answer = as_alice.api("POST", f"{BASE}/{made['id']}/preflight").json()
    assert answer["ok"] is False
    assert {"level": "error", "step": 1, "message": "The subject is empty. Write one."} in answer["findings"]
    response = as_alice.api("POST", f"{BASE}/{made['id']}/start")
    assert response.status_code == 409
    assert {"field": "steps.0.subject", "message": "The subject is empty."} in response.json()["errors"]
    assert as_alice.api("GET", f"{BASE}/{made['id']}").json()["state"] == "draft"


def test_a_ready_campaign_passes_the_preflight(as_alice: Browser, campaign: Campaign) -> None:
    assert as_alice.api("POST", f"{BASE}/{campaign.pk}/preflight").json() == {"ok": True, "findings": []}


def test_it_starts_pauses_resumes_and_stops(as_alice: Browser, campaign: Campaign) -> None:
    for verb, state in (("start", "running"), ("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        response = as_alice.api("POST", f"{BASE}/{campaign.pk}/{verb}")
        assert response.status_code == 200
        assert response.json()["state"] == state
    for verb in ("start", "pause", "resume", "stop"):
        response = as_alice.api("POST", f"{BASE}/{campaign.pk}/{verb}")
        assert response.status_code == 409
        assert response["Content-Type"] == "application/problem+json"


def test_stats_have_exactly_the_contracts_keys(as_alice: Browser, running: Campaign) -> None:
    Message.objects.filter(lead__email="ada@example.com").update(
        state="sent", sent_at=timezone.now(), opened_at=timezone.now(), machine_clicked_at=timezone.now()
    )
    assert as_alice.api("GET", f"{BASE}/{running.pk}/stats").json() == {
        "leads": 3,
        "planned": 2,
        "sending": 0,
        "sent": 1,
        "failed": 0,
        "unknown": 0,
        "skipped": 0,
        "opened": 1,
        "clicked": 0,
        "replied": 0,
        "bounced": 0,
        "unsubscribed": 0,
        "complained": 0,
        "machine_opened": 0,
        "machine_clicked": 1,
    }


def test_messages_page_and_filter_by_state(as_alice: Browser, running: Campaign) -> None:
    failed = Message.objects.get(lead__email="ada@example.com")
    Message.objects.filter(pk=failed.pk).update(state="failed", error="No such user.")
    first = as_alice.api("GET", f"{BASE}/{running.pk}/messages?limit=2").json()
    second = as_alice.api("GET", f"{BASE}/{running.pk}/messages?limit=2&cursor={first['next']}").json()
    emails = [item["email"] for item in first["items"] + second["items"]]
    assert sorted(emails) == ["ada@example.com", "grace@example.com", "nobody@example.com"]
    assert second["next"] is None
    (item,) = as_alice.api("GET", f"{BASE}/{running.pk}/messages?state=failed").json()["items"]
    assert item == {
        "id": str(failed.pk),
        "lead": str(failed.lead_id),
        "email": "ada@example.com",
        "step": 1,
        "variant": "A",
        "state": "failed",
        "message_id": failed.message_id,
        "sent_at": None,
        "error": "No such user.",
    }


def test_events_come_as_csv_and_no_cell_is_a_formula(as_alice: Browser, running: Campaign) -> None:
    message = Message.objects.get(lead__email="ada@example.com")
    common = {"organisation": running.organisation, "message_id": message.pk, "lead_id": message.lead_id}
    Event.objects.create(**common, kind="opened", machine=True, rule="=rule", at=timezone.now(), stream_id="1-0")
    Event.objects.create(**common, kind="clicked", url='https://a.example/?"x",y', at=timezone.now(), stream_id="2-0")
    response = as_alice.api("GET", f"{BASE}/{running.pk}/events.csv")
    assert response["Content-Type"].startswith("text/csv")
    opened, clicked = csv.DictReader(io.StringIO(response.getvalue().decode()))
    assert (opened["kind"], opened["machine"], opened["rule"]) == ("opened", "true", "'=rule")
    assert (clicked["kind"], clicked["url"], clicked["email"]) == (
        "clicked",
        'https://a.example/?"x",y',
        "ada@example.com",
    )


CALLS = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/preflight"),
    ("POST", "/start"),
    ("POST", "/pause"),
    ("POST", "/resume"),
    ("POST", "/stop"),
    ("GET", "/stats"),
    ("GET", "/messages"),
    ("GET", "/events.csv"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_stranger_finds_nothing(as_charlie: Browser, campaign: Campaign, method: str, path: str) -> None:
    body: dict[str, Any] | None = {} if method == "PATCH" else None
    assert as_charlie.api(method, f"{BASE}/{campaign.pk}{path}", body).status_code == 404
    assert as_charlie.api(method, f"/orgs/other/campaigns/{campaign.pk}{path}", body).status_code == 404
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, campaign: Campaign) -> None:
    assert as_vera.api("GET", f"{BASE}/{campaign.pk}").status_code == 200
    assert as_vera.api("GET", f"{BASE}/{campaign.pk}/stats").status_code == 200
    for method, path in [call for call in CALLS if call[0] != "GET"]:
        response = as_vera.api(method, f"{BASE}/{campaign.pk}{path}", {} if method == "PATCH" else None)
        assert response.status_code == 403
    assert as_vera.api("POST", BASE, {"name": "x", "steps": [{"subject": ""}]}).status_code == 403
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


def test_a_start_repeated_with_its_key_acts_once(
    as_alice: Browser, campaign: Campaign, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    headers = {"Idempotency-Key": "start-1"}
    first = as_alice.api("POST", f"{BASE}/{campaign.pk}/start", headers=headers)
    second = as_alice.api("POST", f"{BASE}/{campaign.pk}/start", headers=headers)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content


@pytest.mark.parametrize(("method", "verb"), [("PATCH", ""), ("POST", "/start"), ("DELETE", "")])
def test_a_campaign_deleted_under_a_call_is_not_found(
    as_alice: Browser, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, method: str, verb: str
) -> None:
    monkeypatch.setattr("campaigns.api.campaigns.find", lambda *about: campaign)
    Campaign.objects.filter(pk=campaign.pk).delete()
    assert as_alice.api(method, f"{BASE}/{campaign.pk}{verb}", {} if method == "PATCH" else None).status_code == 404
