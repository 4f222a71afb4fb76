"""Django's last words: a page for people, problem details for programs, and never what went wrong inside."""

from typing import Any

import pytest
from django.test import Client

from ecrm import health
from tests.conftest import Browser


def test_a_missing_page_leads_on() -> None:
    response = Client().get("/nowhere/")
    assert response.status_code == 404
    assert 'href="/o/"' in response.content.decode()


def test_a_missing_call_is_a_problem() -> None:
    response = Client().get("/api/v1/nowhere")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, db: None) -> Client:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret in a traceback")

    monkeypatch.setattr(health, "database_answers", fail)
    monkeypatch.setattr("accounts.api.BearerAuth.authenticate", fail)
    return Client(raise_request_exception=False)


def test_an_exception_is_told_to_nobody(broken: Client) -> None:
    page = broken.get("/readyz")
    assert page.status_code == 500
    assert "Something went wrong" in page.content.decode()
    assert "secret" not in page.content.decode()


def test_an_exception_in_a_call_is_a_problem(broken: Client) -> None:
    response = broken.get("/api/v1/me", headers={"Authorization": "Bearer x"})
    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert "secret" not in response.content.decode()


def test_a_strangers_page_is_missing_and_not_forbidden(as_charlie: Browser, acme: Any) -> None:
    assert as_charlie.get("/o/acme/").status_code == 404
    assert as_charlie.api("GET", "/orgs/acme/campaigns").status_code == 404


def test_a_method_that_a_call_does_not_know_is_a_problem(as_alice: Browser) -> None:
    for method in ("PUT", "HEAD", "OPTIONS"):
        response = as_alice.generic(method, "/api/v1/orgs/acme/lists")
        assert response.status_code == 405
        assert response["Content-Type"] == "application/problem+json"
        assert set(response["Allow"].split(", ")) == {"GET", "POST"}
    assert as_alice.put("/api/v1/orgs/acme/lists").json()["status"] == 405


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "large"}])
def test_a_body_that_is_too_large_is_a_problem(as_alice: Browser, as_charlie: Browser, headers: dict[str, str]) -> None:
    body = b'{"email": "' + b"x" * (5 << 20) + b'"}'
    response = as_alice.post("/api/v1/orgs/acme/leads", body, "application/json", headers=headers)
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"
    assert "5 MB" in response.json()["detail"]
    assert as_charlie.post("/api/v1/orgs/acme/leads", body, "application/json", headers=headers).status_code == 404


def test_a_form_that_is_too_large_says_so_to_people(as_alice: Browser) -> None:
    body = b"name=" + b"x" * (5 << 20)
    response = as_alice.post("/account/", body, "application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "That is too large" in response.content.decode()


def test_a_host_that_is_not_ours_gets_a_page_without_it(db: None) -> None:
    response = Client().get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil" not in response.content.decode()
    assert Client().get("/api/v1/me", headers={"Host": "evil.example"}).json()["status"] == 400
