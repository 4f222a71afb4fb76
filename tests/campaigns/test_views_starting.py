"""A new campaign begins with its name, lists and senders; its sequence comes next."""

from typing import Any

import pytest

from campaigns.models import Campaign
from leads.models import LeadList
from senders.models import Sender
from tests.conftest import Browser

NEW = "/o/acme/campaigns/new/"


@pytest.fixture
def typed(sender: Sender, people: LeadList) -> dict[str, Any]:
    return {"name": "Summer", "senders": [sender.pk], "lists": [people.pk]}


def test_it_is_made_as_it_was_typed_and_leads_on_to_the_sequence(
    as_alice: Browser, typed: dict[str, Any], sender: Sender, people: LeadList
) -> None:
    response = as_alice.post(NEW, typed)
    made = Campaign.objects.get(name="Summer")
    assert response.status_code == 204
    assert response["HX-Location"] == f"/o/acme/campaigns/{made.pk}/edit/"
    assert (list(made.senders.all()), list(made.lists.all())) == ([sender], [people])
    assert (made.track_opens, made.track_clicks, made.steps.count()) == (True, True, 1)


def test_it_takes_the_time_zone_of_the_last_one(as_alice: Browser, campaign: Campaign) -> None:
    Campaign.objects.update(time_zone="Europe/Rome")
    as_alice.post(NEW, {"name": "Summer"})
    assert Campaign.objects.get(name="Summer").time_zone == "Europe/Rome"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"senders": ["999999"]}, "senders"),
        ({"lists": ["abc"]}, "lists"),
    ],
)
def test_what_cannot_be_kept_is_told(
    as_alice: Browser, typed: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    response = as_alice.post(NEW, typed | changes)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Campaign.objects.exists()


def test_ticks_survive_an_error(as_alice: Browser, typed: dict[str, Any], people: LeadList) -> None:
    LeadList.objects.create(organisation=people.organisation, name="Unchosen")
    response = as_alice.post(NEW, typed | {"name": ""})
    assert {choice.label: choice.checked for choice in response.context["lists"]} == {
        "People": True,
        "Unchosen": False,
    }


def test_the_only_sender_and_list_are_ticked_from_the_start(
    as_alice: Browser, sender: Sender, people: LeadList
) -> None:
    response = as_alice.get(NEW)
    assert [choice.checked for choice in response.context["senders"] + response.context["lists"]] == [True, True]


def test_a_viewer_begins_none(as_vera: Browser, typed: dict[str, Any]) -> None:
    assert (as_vera.get(NEW).status_code, as_vera.post(NEW, typed).status_code) == (403, 403)


def test_a_stranger_is_offered_nothing_of_ours_and_takes_nothing(as_charlie: Browser, typed: dict[str, Any]) -> None:
    assert as_charlie.get(NEW).status_code == 404
    response = as_charlie.post("/o/other/campaigns/new/", typed)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"senders", "lists"}
    assert "People" not in as_charlie.get("/o/other/campaigns/new/").content.decode()
