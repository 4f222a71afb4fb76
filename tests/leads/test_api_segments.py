"""Segments and custom fields over the API, and leads by segment."""

from typing import Any

from leads.models import CustomField, Lead, Segment
from tests.conftest import Browser

BASE = "/orgs/acme/segments"
NAVY: dict[str, Any] = {"name": "The navy", "rules": {"rules": [{"field": "company", "asks": "is", "value": "navy"}]}}


def test_a_segment_is_made_read_changed_and_deleted(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    made = as_alice.api("POST", BASE, NAVY)
    assert made.status_code == 201
    url = f"{BASE}/{made.json()['id']}"
    assert as_alice.api("GET", url).json() | {"leads": 1, "exact": True} == as_alice.api("GET", url).json()
    assert [item["name"] for item in as_alice.api("GET", BASE).json()["items"]] == ["The navy"]
    found = as_alice.api("GET", f"/orgs/acme/leads?segment={made.json()['id']}").json()["items"]
    assert [item["email"] for item in found] == ["grace@navy.example"]
    changed = NAVY | {"name": "All", "rules": {"rules": [{"field": "email", "asks": "filled"}]}}
    assert as_alice.api("PUT", url, changed).json()["name"] == "All"
    assert as_alice.api("GET", url).json()["leads"] == 2
    assert as_alice.api("DELETE", url).status_code == 204
    assert as_alice.api("GET", url).status_code == 404


def test_what_cannot_be_asked_is_said_with_its_place(as_alice: Browser) -> None:
    wrong = NAVY | {"rules": {"rules": [{"field": "company", "asks": "more", "value": "3"}]}}
    answer = as_alice.api("POST", BASE, wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "rules.g0-r0", "message": "This cannot be asked of Company."}]
    assert as_alice.api("POST", BASE, NAVY | {"rules": {"sql": "1=1"}}).status_code == 422
    as_alice.api("POST", BASE, NAVY)
    assert as_alice.api("POST", BASE, NAVY).status_code == 409
    assert as_alice.api("GET", "/orgs/acme/leads?segment=999").status_code == 422


def test_fields_are_defined_and_undefined(as_alice: Browser, grace: Lead) -> None:
    made = as_alice.api("POST", "/orgs/acme/fields", {"name": "Plan", "kind": "choice", "choices": ["a", "b"]})
    assert (made.status_code, made.json()["choices"]) == (201, ["a", "b"])
    assert as_alice.api("POST", "/orgs/acme/fields", {"name": "Plan"}).status_code == 409
    assert as_alice.api("POST", "/orgs/acme/fields", {"name": "X", "kind": "choice"}).status_code == 422
    assert as_alice.api("GET", "/orgs/acme/fields").json()["items"] == [made.json()]
    assert as_alice.api("DELETE", f"/orgs/acme/fields/{made.json()['id']}").status_code == 204
    assert not CustomField.objects.exists()


def test_a_stranger_and_a_viewer(as_alice: Browser, as_vera: Browser, as_charlie: Browser) -> None:
    made = as_alice.api("POST", BASE, NAVY).json()
    assert as_vera.api("GET", f"{BASE}/{made['id']}").status_code == 200
    assert as_vera.api("DELETE", f"{BASE}/{made['id']}").status_code == 403
    assert as_charlie.api("GET", f"{BASE}/{made['id']}").status_code == 404
    assert as_charlie.api("GET", f"/orgs/other/segments/{made['id']}").status_code == 404
    assert as_charlie.api("GET", f"/orgs/other/leads?segment={made['id']}").status_code == 422
    assert Segment.objects.count() == 1
