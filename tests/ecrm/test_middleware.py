"""Security headers on every answer, and cookies for the operators' admin alone (promise p14)."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from tests.conftest import Browser

PATHS = ["/", "/signin/", "/o/acme/", "/healthz", "/api/v1/me", "/nowhere/", "/admin/login/", "/static/css/ecrm.css"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_policies(path: str) -> None:
    response = Client().get(path)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    if not path.startswith("/static/"):  # files that run nothing
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert "unsafe-eval" not in response["Content-Security-Policy"]
        assert "camera=()" in response["Permissions-Policy"]
        assert response["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_styles_inside_a_page_are_for_the_admin_and_the_reference_alone(path: str) -> None:
    policy = Client().get(path).headers.get("Content-Security-Policy", "")
    assert ("unsafe-inline" in policy) == path.startswith(settings.ADMIN_PATH)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("/admin/")])
def test_no_page_sets_a_cookie(path: str) -> None:
    assert not Client().get(path).cookies


def test_no_page_sets_a_cookie_for_anyone(as_alice: Browser, as_charlie: Browser) -> None:
    for browser in (as_alice, as_charlie):
        for path in ("/o/", "/o/acme/", "/account/", "/api/v1/me"):
            assert not browser.get(path).cookies


@pytest.mark.django_db
def test_the_admin_sets_cookies_for_its_own_path_alone() -> None:
    cookies = Client().get("/admin/login/").cookies
    assert cookies
    for cookie in cookies.values():
        assert cookie["path"] == settings.ADMIN_PATH
        assert cookie["samesite"] == "Strict"


def test_a_session_cookie_opens_nothing_but_the_admin(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/api/v1/me").status_code == 401
    assert b"data-shell" in client.get("/o/acme/").content
