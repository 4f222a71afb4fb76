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
