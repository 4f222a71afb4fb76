"""`GET /api/v1/me` and the door in front of the API."""

from django.test import Client

from tests.conftest import Browser


def test_me_lists_the_callers_own_organisations(as_alice: Browser, as_charlie: Browser) -> None:
    answer = as_alice.api("GET", "/me").json()
    assert answer["email"] == "alice@acme.example"
    assert answer["organisations"] == [{"slug": "acme", "name": "Acme", "role": "owner"}]
    assert "acme" not in str(as_charlie.api("GET", "/me").json())


def test_without_a_token_it_answers_401_as_problem_details(db: None) -> None:
    response = Client().get("/api/v1/me")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert not response.cookies


def test_an_owner_changes_the_organisation_and_nobody_else_does(
    as_alice: Browser, as_vera: Browser, as_charlie: Browser
) -> None:
    changed = as_alice.api("PATCH", "/orgs/acme", {"postal_address": "1 Main Street\nBerlin"})
    assert changed.json() == {"slug": "acme", "name": "Acme", "postal_address": "1 Main Street\nBerlin"}
    assert as_vera.api("GET", "/orgs/acme").json() == changed.json()
    assert as_vera.api("PATCH", "/orgs/acme", {"name": "Mine"}).status_code == 403
    assert as_charlie.api("GET", "/orgs/acme").status_code == 404
    assert as_charlie.api("PATCH", "/orgs/acme", {"name": "Mine"}).status_code == 404
    refused = as_alice.api("PATCH", "/orgs/acme", {"name": " ", "colour": "red"})
    assert refused.status_code == 422
    assert {error["field"] for error in refused.json()["errors"]} == {"name", "colour"}
