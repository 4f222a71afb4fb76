"""The suppression list over the API."""

from typing import Any

import pytest

from accounts.models import Organisation
from leads.models import Lead, SuppressionReason
from leads.services import erase_leads
from leads.suppression import suppress
from tests.conftest import Browser

BASE = "/orgs/acme/suppressions"


def test_entries_are_made_read_and_deleted(as_alice: Browser, acme: Organisation) -> None:
    response = as_alice.api(
        "POST", BASE, {"entries": ["Ann@b.example", "*.C.example", "Ann@b.example"], "source": "CRM"}
    )
    assert (response.status_code, response.json()) == (201, {"added": 2, "known": 0})
    items = as_alice.api("GET", BASE).json()["items"]
    [domain] = as_alice.api("GET", f"{BASE}?kind=domain").json()["items"]
    assert (domain["domain"], domain["address"], domain["reason"]) == ("c.example", None, "manual")
    assert (domain["source"], domain["by"]) == ("CRM", "Alice Archer")
    assert domain in items
    first = as_alice.api("GET", f"{BASE}?limit=1").json()
    assert as_alice.api("GET", f"{BASE}?limit=1&cursor={first['next']}").json()["items"] == items[1:]
    assert as_alice.api("GET", f"{BASE}/{domain['id']}").json() == domain
    assert as_alice.api("DELETE", f"{BASE}/{domain['id']}").status_code == 204
    assert as_alice.api("GET", f"{BASE}/{domain['id']}").status_code == 404
    again = as_alice.api("POST", BASE, {"entries": ["ann@B.example"], "reason": "unsubscribed"}).json()
    assert again == {"added": 0, "known": 1}
    assert acme.suppressions.get().reason == "unsubscribed"
    csv = b"".join(as_alice.api("GET", f"{BASE}.csv"))
    assert b"Ann@b.example,address,unsubscribed" in csv


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"entries": ["a@b.example", "nobody"]}, "entries.1"),
        ({"entries": []}, "entries"),
        ({"entries": ["b.example"] * 5001}, "entries"),
        ({"entries": ["b.example"], "reason": "erased"}, "reason"),
        ({"entries": ["b.example"], "digest": "x"}, "digest"),
    ],
)
def test_all_go_on_the_list_or_none(as_alice: Browser, acme: Organisation, body: dict[str, Any], field: str) -> None:
    response = as_alice.api("POST", BASE, body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field
    assert not acme.suppressions.exists()


def test_erased_people_are_there_without_an_address_and_stay(
    as_alice: Browser, acme: Organisation, grace: Lead
) -> None:
    erase_leads(Lead.objects.filter(pk=grace.pk))
    [item] = as_alice.api("GET", f"{BASE}?q=grace@navy.example").json()["items"]
    assert (item["kind"], item["address"], item["domain"], item["reason"]) == ("hash", None, None, "erased")
    assert as_alice.api("DELETE", f"{BASE}/{item['id']}").status_code == 409
    assert as_alice.api("GET", f"{BASE}?kind=x").status_code == 422


def test_a_lead_whose_domain_is_on_the_list_says_so_and_is_not_let_off_by_itself(
    as_alice: Browser, acme: Organisation, grace: Lead
) -> None:
    suppress(acme, "navy.example", SuppressionReason.MANUAL, "")
    assert as_alice.api("GET", f"/orgs/acme/leads/{grace.pk}").json()["suppressed"] == "manual"
    assert as_alice.api("POST", f"/orgs/acme/leads/{grace.pk}/unsuppress").status_code == 409


def test_a_stranger_finds_nothing_and_a_viewer_changes_nothing(
    as_charlie: Browser, as_vera: Browser, acme: Organisation
) -> None:
    pk = suppress(acme, "navy.example", SuppressionReason.MANUAL, "").pk
    for method, path, body in (("GET", "", None), ("POST", "", {"entries": ["b.example"]}), ("DELETE", f"/{pk}", None)):
        assert as_charlie.api(method, BASE + path, body).status_code == 404
        if method != "GET":
            assert as_vera.api(method, BASE + path, body).status_code == 403
    assert as_charlie.api("DELETE", f"/orgs/other/suppressions/{pk}").status_code == 404
    assert as_charlie.api("GET", "/orgs/other/suppressions").json()["items"] == []
    assert as_vera.api("GET", f"{BASE}/{pk}").status_code == 200
    assert acme.suppressions.count() == 1
