"""Lists over the API, and who is on them."""

from importlib import import_module
from typing import Any

import pytest

from leads.lists import LIST_GUARDS
from leads.models import Lead, LeadList
from tests.conftest import Browser

BASE = "/orgs/acme/lists"


def test_a_list_is_made_read_renamed_and_deleted(as_alice: Browser) -> None:
    response = as_alice.api("POST", BASE, {"name": " Spring "})
    assert response.status_code == 201
    made = response.json()
    assert (made["name"], made["leads"]) == ("Spring", 0)
    url = f"{BASE}/{made['id']}"
    assert as_alice.api("GET", url).json() == made
    assert as_alice.api("PATCH", url, {"name": "Summer"}).json() == {**made, "name": "Summer"}
    assert as_alice.api("DELETE", url).status_code == 204
    assert as_alice.api("GET", url).status_code == 404


def test_lists_come_newest_first_with_their_counts(
    as_alice: Browser, grace: Lead, ada: Lead, their_list: LeadList
) -> None:
    as_alice.api("POST", BASE, {"name": "Empty"})
    items = as_alice.api("GET", BASE).json()["items"]
    assert [(item["name"], item["leads"]) for item in items] == [("Empty", 0), ("People", 2)]
    first = as_alice.api("GET", f"{BASE}?limit=1").json()
    assert as_alice.api("GET", f"{BASE}?limit=1&cursor={first['next']}").json()["items"] == items[1:]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "People"}, 409),
        ({"name": " "}, 422),
        ({"name": "\0"}, 422),
        ({"name": "x" * 201}, 422),
        ({}, 422),
        ({"name": "X", "leads": []}, 422),
    ],
)
def test_a_bad_name_is_refused(as_alice: Browser, people: LeadList, body: dict[str, Any], status: int) -> None:
    for method, path in (("POST", ""), ("PATCH", f"/{LeadList.objects.create(organisation=people.organisation).pk}")):
        response = as_alice.api(method, BASE + path, body)
        assert response.status_code == status
        assert response.json()["errors"][0]["field"] in {"name", "leads"}


def test_a_list_deleted_under_a_call_stays_deleted(
    as_alice: Browser, people: LeadList, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = LeadList.objects.get(pk=people.pk)
    people.delete()
    monkeypatch.setattr(import_module("leads.api.lists"), "find_list", lambda *about: seen)
    assert as_alice.api("PATCH", f"/orgs/acme/lists/{seen.pk}", {"name": "Others"}).status_code == 404
    assert not LeadList.objects.exists()


def test_a_list_that_is_needed_stays(as_alice: Browser, people: LeadList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.lists.LIST_GUARDS", [*LIST_GUARDS, lambda chosen: "Spring is sent to it."])
    response = as_alice.api("DELETE", f"{BASE}/{people.pk}")
    assert response.status_code == 409
    assert response.json()["detail"] == "Spring is sent to it."


def test_deleting_a_list_leaves_its_leads(as_alice: Browser, grace: Lead, people: LeadList) -> None:
    as_alice.api("DELETE", f"{BASE}/{people.pk}")
    assert list(Lead.objects.all()) == [grace]


def test_leads_are_put_on_and_taken_off(as_alice: Browser, grace: Lead, joan: Lead, people: LeadList) -> None:
    url = f"{BASE}/{people.pk}/leads"
    assert as_alice.api("POST", url, {"leads": [str(joan.pk), str(grace.pk)]}).json()["leads"] == 2
    assert as_alice.api("DELETE", f"{url}/{grace.pk}").status_code == 204
    assert as_alice.api("DELETE", f"{url}/{grace.pk}").status_code == 404
    assert list(people.leads.all()) == [joan]


def test_all_leads_go_on_or_none(as_alice: Browser, joan: Lead, theirs: Lead, people: LeadList) -> None:
    for stranger in (str(theirs.pk), "abc"):
        response = as_alice.api("POST", f"{BASE}/{people.pk}/leads", {"leads": [str(joan.pk), stranger]})
        assert response.status_code == 422
    assert not people.leads.exists()


CALLS = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/leads"), ("DELETE", "/leads/{lead}")]
BODIES: dict[str, dict[str, Any]] = {"PATCH": {"name": "X"}, "POST": {"leads": []}}


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_stranger_finds_nothing(as_charlie: Browser, grace: Lead, people: LeadList, method: str, path: str) -> None:
    path = path.format(lead=grace.pk)
    assert as_charlie.api(method, f"{BASE}/{people.pk}{path}", BODIES.get(method)).status_code == 404
    assert as_charlie.api(method, f"/orgs/other/lists/{people.pk}{path}", BODIES.get(method)).status_code == 404
    assert as_charlie.api("GET", "/orgs/other/lists").json()["items"] == []
    people.refresh_from_db()
    assert (people.name, list(people.leads.all())) == ("People", [grace])


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, grace: Lead, people: LeadList) -> None:
    assert as_vera.api("GET", BASE).status_code == 200
    assert as_vera.api("GET", f"{BASE}/{people.pk}").status_code == 200
    for method, path in CALLS[1:]:
        url = f"{BASE}/{people.pk}{path.format(lead=grace.pk)}"
        assert as_vera.api(method, url, BODIES.get(method)).status_code == 403
    assert as_vera.api("POST", BASE, {"name": "X"}).status_code == 403
    assert list(people.leads.all()) == [grace]
