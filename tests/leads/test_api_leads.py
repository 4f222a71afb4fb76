"""Leads over the API, as the contract has them."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from accounts.models import Organisation
from leads.models import Lead, LeadList, Suppression, SuppressionReason
from leads.services import erase_leads
from leads.suppression import suppress
from tests.conftest import Browser

BASE = "/orgs/acme/leads"
FULL = {
    "email": "grace@navy.example",
    "first_name": "Grace",
    "last_name": "Hopper",
    "company": "Navy",
    "title": "Admiral",
    "phone": "+1 555 0100",
    "fields": {"Language": "COBOL", "rank": 7, "retired": True, "gone": None},
    "tags": ["vip", "press"],
}


def test_a_lead_is_added_and_read(as_alice: Browser, acme: Organisation) -> None:
    response = as_alice.api("POST", BASE, FULL)
    assert response.status_code == 201
    answer = response.json()
    assert {name: answer[name] for name in FULL} == FULL | {
        "fields": {"Language": "COBOL", "rank": "7", "retired": "true"}
    }
    assert (answer["lists"], answer["suppressed"], answer["source"]) == ([], None, "API")
    assert answer["created_at"].endswith("Z")
    assert as_alice.api("GET", f"{BASE}/{answer['id']}").json() == answer
    assert Lead.objects.get().organisation == acme


def test_an_address_alone_is_enough(as_alice: Browser) -> None:
    answer = as_alice.api("POST", BASE, {"email": "x@y.example"}).json()
    assert (answer["first_name"], answer["fields"], answer["tags"]) == ("", {}, [])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "nonsense"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "x@y.example", "colour": "red"}, "colour"),
        ({"email": "x@y.example", "source": "me"}, "source"),
        ({"email": "x@y.example", "company": "x" * 301}, "company"),
        ({"email": "x@y.example", "first_name": None}, "first_name"),
        ({"email": "x@y.example", "tags": ["x" * 101]}, "tags.0"),
        ({"email": "x@y.example", "tags": ["x"] * 51}, "tags"),
        ({"email": "x@y.example", "fields": {str(n): "" for n in range(101)}}, "fields"),
    ],
)
def test_a_value_that_is_not_accepted_names_its_field(as_alice: Browser, body: dict[str, Any], field: str) -> None:
    response = as_alice.api("POST", BASE, body)
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Lead.objects.exists()


def test_a_duplicate_names_the_lead_that_is_there(as_alice: Browser, grace: Lead) -> None:
    response = as_alice.api("POST", BASE, {"email": "Grace@navy.example"})
    assert response.status_code == 409
    assert f"Its id is {grace.pk}." in response.json()["detail"]
    assert response.json()["errors"][0]["field"] == "email"


def test_an_erased_person_is_not_added_again(as_alice: Browser, grace: Lead) -> None:
    assert as_alice.api("DELETE", f"{BASE}/{grace.pk}").status_code == 204
    response = as_alice.api("POST", BASE, {"email": grace.email})
    assert response.status_code == 409
    assert "was erased" in response.json()["detail"]
    assert not Lead.objects.exists()


def test_delete_erases(as_alice: Browser, grace: Lead) -> None:
    assert as_alice.api("DELETE", f"{BASE}/{grace.pk}").status_code == 204
    assert as_alice.api("GET", f"{BASE}/{grace.pk}").status_code == 404
    entry = Suppression.objects.get()
    assert (entry.reason, entry.address) == ("erased", "")


def test_a_patch_changes_what_it_names(as_alice: Browser, grace: Lead, people: LeadList) -> None:
    before = as_alice.api("GET", f"{BASE}/{grace.pk}").json()
    body = {"title": "", "fields": {"Rank": "7", "Language": None}, "tags": ["new"]}
    after = as_alice.api("PATCH", f"{BASE}/{grace.pk}", body).json()
    expected = {"title": "", "fields": {"Rank": "7"}, "tags": ["new"], "updated_at": after["updated_at"]}
    assert after == before | expected
    assert after["lists"] == [str(people.pk)]
    assert as_alice.api("PATCH", f"{BASE}/{grace.pk}", {}).json()["fields"] == {"Rank": "7"}


def test_a_patch_to_anothers_address_is_a_conflict(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    assert as_alice.api("PATCH", f"{BASE}/{grace.pk}", {"email": ada.email}).status_code == 409
    assert as_alice.api("PATCH", f"{BASE}/{grace.pk}", {"email": ""}).status_code == 422
    grace.refresh_from_db()
    assert grace.email == "grace@navy.example"


def test_a_lead_erased_under_a_patch_stays_erased(
    as_alice: Browser, grace: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Lead.objects.get(pk=grace.pk)
    erase_leads(Lead.objects.filter(pk=grace.pk))
    monkeypatch.setattr(import_module("leads.api.leads"), "find", lambda *about: seen)
    assert as_alice.api("PATCH", f"/orgs/acme/leads/{seen.pk}", {"first_name": "Anna"}).status_code == 404
    assert not Lead.objects.exists()


def emails(answer: Any) -> list[str]:
    return [item["email"].partition("@")[0] for item in answer.json()["items"]]


def test_leads_page_newest_first(as_alice: Browser, grace: Lead, ada: Lead, joan: Lead, theirs: Lead) -> None:
    first = as_alice.api("GET", f"{BASE}?limit=2")
    assert emails(first) == ["joan", "ada"]
    second = as_alice.api("GET", f"{BASE}?limit=2&cursor={first.json()['next']}")
    assert emails(second) == ["grace"]
    assert second.json()["next"] is None
    assert as_alice.api("GET", f"{BASE}?limit=0").status_code == 422
    assert as_alice.api("GET", f"{BASE}?cursor=x").status_code == 422


def test_leads_are_searched_and_filtered(
    as_alice: Browser, grace: Lead, ada: Lead, joan: Lead, people: LeadList
) -> None:
    assert emails(as_alice.api("GET", f"{BASE}?q=eniac")) == ["joan"]
    assert emails(as_alice.api("GET", f"{BASE}?list={people.pk}")) == ["ada", "grace"]
    assert emails(as_alice.api("GET", f"{BASE}?tag=press")) == ["grace"]
    assert emails(as_alice.api("GET", f"{BASE}?tag=vip&q=hopper&list={people.pk}")) == ["grace"]
    assert as_alice.api("GET", f"{BASE}?list=999999").status_code == 404


def test_the_queries_do_not_grow_with_the_page(
    as_alice: Browser, add_lead: Callable[..., Lead], people: LeadList, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        add_lead(f"{number}@many.example", people)
    with django_assert_max_num_queries(8):
        assert len(as_alice.api("GET", BASE).json()["items"]) == 20


def test_mail_is_stopped_and_allowed_again(as_alice: Browser, acme: Organisation, grace: Lead) -> None:
    assert as_alice.api("POST", f"{BASE}/{grace.pk}/suppress").json()["suppressed"] == "manual"
    assert as_alice.api("POST", f"{BASE}/{grace.pk}/unsuppress").json()["suppressed"] is None
    suppress(acme, grace.email, SuppressionReason.COMPLAINED, "")
    response = as_alice.api("POST", f"{BASE}/{grace.pk}/unsuppress")
    assert response.status_code == 409
    assert "complained" in response.json()["detail"]


CALLS = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/suppress"), ("POST", "/unsuppress")]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_stranger_finds_nothing(as_charlie: Browser, grace: Lead, method: str, path: str) -> None:
    body: dict[str, Any] | None = {} if method == "PATCH" else None
    assert as_charlie.api(method, f"{BASE}/{grace.pk}{path}", body).status_code == 404
    assert as_charlie.api(method, f"/orgs/other/leads/{grace.pk}{path}", body).status_code == 404
    assert Lead.objects.count() == 1
    assert not Suppression.objects.exists()


def test_a_strangers_leads_are_ones_own(as_charlie: Browser, grace: Lead, people: LeadList) -> None:
    assert as_charlie.api("GET", "/orgs/other/leads").json()["items"] == []
    assert as_charlie.api("GET", f"/orgs/other/leads?list={people.pk}").status_code == 404
    assert as_charlie.api("POST", "/orgs/other/leads", {"email": grace.email}).status_code == 201


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, grace: Lead) -> None:
    assert as_vera.api("GET", BASE).status_code == 200
    assert as_vera.api("GET", f"{BASE}/{grace.pk}").status_code == 200
    for method, path in CALLS[1:]:
        assert as_vera.api(method, f"{BASE}/{grace.pk}{path}", {} if method == "PATCH" else None).status_code == 403
    assert as_vera.api("POST", BASE, FULL).status_code == 403
    assert list(Lead.objects.all()) == [grace]
