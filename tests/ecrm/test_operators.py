"""How an operator enters the admin: password, second factor, recovery codes; and everybody else does not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from accounts.models import User
from ecrm import operators
from ecrm.operators import HALF_WAY
from ecrm.second_factor import is_enrolled, unseen_codes
from tests.accounts.flows import Device
from tests.conftest import PASSWORD, Browser
from tests.ecrm.operators import Operator, code_for, recovery_code, signed_in_operator

TO_SIGN_IN = "/admin/login/"


def is_inside(browser: Client) -> bool:
    response = browser.get("/admin/")
    assert response.status_code in {200, 302}
    return response.status_code == 200


def half_way(user: User) -> Operator:
    """A browser whose password was right, of an operator who is enrolled."""
    browser = Operator()
    browser.give_password(user.email)
    return browser


@pytest.fixture
def enrolled(operator: User) -> User:
    signed_in_operator(operator)
    return operator


def test_the_first_sign_in_enrols_and_shows_recovery_codes_until_they_are_stored(operator: User) -> None:
    browser = Operator()
    response = browser.give_password(operator.email, onward="/admin/senders/sender/")
    assert response["Location"] == "/admin/login/enrol/"
    assert not is_inside(browser)
    page = browser.get("/admin/login/enrol/").content.decode()
    assert browser.offered_secret in page
    assert 'src="data:image/svg+xml;base64,' in page
    response = browser.submit("/admin/login/enrol/", code=code_for(browser.offered_secret))
    assert response["Location"] == "/admin/recovery-codes/"
    assert is_inside(browser)
    codes = unseen_codes(operator)
    assert len(codes) == 10
    for _ in range(2):
        page = browser.get("/admin/recovery-codes/").content.decode()
        assert all(code in page for code in codes)
    assert browser.submit("/admin/recovery-codes/")["Location"] == "/admin/"
    assert browser.get("/admin/recovery-codes/")["Location"] == "/admin/"


def test_the_next_sign_in_asks_for_a_code_and_leads_where_one_wanted(operator: User) -> None:
    first = Operator()
    first.give_password(operator.email)
    secret = first.offered_secret
    first.submit("/admin/login/enrol/", code=code_for(secret))
    browser = Operator()
    assert browser.get("/admin/senders/sender/")["Location"] == "/admin/login/?next=/admin/senders/sender/"
    response = browser.give_password(operator.email, onward="/admin/senders/sender/")
    assert response["Location"] == "/admin/login/code/"
    response = browser.submit("/admin/login/code/", code=code_for(secret))
    assert response.status_code == 422, "the code that enrolled is used up"
    response = browser.submit("/admin/login/code/", code=recovery_code(operator))
    assert response["Location"] == "/admin/senders/sender/"
    assert is_inside(browser)


@pytest.mark.parametrize("code", ["000000", "", "x" * 50, "١٢٣٤٥٦", "12 34 56"])
def test_a_wrong_code_does_not_enrol(operator: User, code: str) -> None:
    browser = Operator()
    browser.give_password(operator.email)
    response = browser.submit("/admin/login/enrol/", code=code)
    assert response.status_code == 422
    assert browser.offered_secret in response.content.decode(), "the same picture stays"
    assert not is_enrolled(operator)
    assert not is_inside(browser)


def test_a_wrong_code_does_not_let_in(enrolled: User) -> None:
    browser = half_way(enrolled)
    response = browser.submit("/admin/login/code/", code="000000")
    assert response.status_code == 422
    assert "This code is wrong or used up" in response.content.decode()
    assert not is_inside(browser)


def test_a_recovery_code_works_once(enrolled: User) -> None:
    code = recovery_code(enrolled)
    assert half_way(enrolled).submit("/admin/login/code/", code=code).status_code == 302
    assert half_way(enrolled).submit("/admin/login/code/", code=code).status_code == 422


def test_an_enrolled_operator_cannot_be_enrolled_again(enrolled: User) -> None:
    browser = half_way(enrolled)
    assert browser.get("/admin/login/enrol/")["Location"] == TO_SIGN_IN
    assert Authenticator.objects.filter(user=enrolled, type="totp").count() == 1


def test_the_password_alone_opens_no_page(enrolled: User) -> None:
    browser = half_way(enrolled)
    for path in ("/admin/", "/admin/senders/sender/", "/admin/recovery-codes/", "/admin/password_change/"):
        response = browser.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith(TO_SIGN_IN)


@pytest.mark.parametrize("path", ["/admin/login/code/", "/admin/login/enrol/"])
def test_nobody_gives_a_code_before_the_password(db: None, path: str) -> None:
    browser = Client()
    assert browser.get(path)["Location"] == TO_SIGN_IN
    assert browser.post(path, {"code": "123456"})["Location"] == TO_SIGN_IN


def test_a_wrong_password_and_somebody_who_is_no_operator_hear_the_same(operator: User, alice: User) -> None:
    wrong = Operator().give_password(operator.email, "not the password")
    customer = Operator().give_password(alice.email)
    nobody = Operator().give_password("nobody@acme.example")
    for response in (wrong, customer, nobody):
        assert response.status_code == 422
        assert "Please enter the correct email and password" in response.content.decode()


def test_a_half_way_sign_in_ends_after_a_while(enrolled: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = half_way(enrolled)
    monkeypatch.setattr(operators, "HALF_WAY_SECONDS", 0)
    assert browser.get("/admin/login/code/")["Location"] == TO_SIGN_IN


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_rights_that_are_taken_away_end_everything_at_once(enrolled: User, change: dict[str, Any]) -> None:
    inside, browser = Operator(), half_way(enrolled)
    inside.give_password(enrolled.email)
    inside.submit("/admin/login/code/", code=recovery_code(enrolled))
    User.objects.filter(pk=enrolled.pk).update(**change)
    assert not is_inside(inside)
    assert browser.get("/admin/login/code/")["Location"] == TO_SIGN_IN


def test_a_new_password_ends_other_sessions_and_half_way_sign_ins(enrolled: User) -> None:
    browser = half_way(enrolled)
    enrolled.set_password("another quiet harbour")
    enrolled.save()
    assert browser.get("/admin/login/code/")["Location"] == TO_SIGN_IN


def test_too_many_wrong_passwords_are_slowed_down_whatever_comes_next(operator: User) -> None:
    for _ in range(5):
        assert Operator().give_password(operator.email, "not the password").status_code == 422
    response = Operator().give_password(f" {operator.email.upper()}")
    assert (response.status_code, response["Retry-After"]) == (429, "300")
    assert "Too many tries" in response.content.decode()


def test_too_many_wrong_codes_are_slowed_down_in_whichever_session(enrolled: User) -> None:
    for _ in range(4):  # the one that signed in counts too
        assert half_way(enrolled).submit("/admin/login/code/", code="000000").status_code == 422
        ratelimit.clear(RequestFactory().post("/admin/login/"), action="operator_password", key=enrolled.email)
    response = half_way(enrolled).submit("/admin/login/code/", code=recovery_code(enrolled))
    assert (response.status_code, response["Retry-After"]) == (429, "300")


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "/o/", "javascript:x", ""])
def test_nobody_is_led_elsewhere(operator: User, onward: str) -> None:
    browser = Operator()
    browser.submit(f"/admin/login/?next={onward}", username=operator.email, password=PASSWORD)
    assert browser.session[HALF_WAY]["onward"] == "/admin/"


def test_the_products_own_session_is_no_key_to_the_admin(operator: User) -> None:
    """A member's session token, sent as the admin's cookie, names a signed-in operator and bears no mark."""
    device = Device()
    answer = device.sign_in(operator.email, PASSWORD)
    assert answer.status_code == 200
    keys = [session.session_key for session in SessionStore.get_model_class().objects.all()]
    assert keys
    for key in keys:
        browser = Client()
        browser.cookies[settings.SESSION_COOKIE_NAME] = key
        assert not is_inside(browser)


def test_a_bearer_token_is_no_key_to_the_admin(operator: User, as_alice: Browser) -> None:
    assert not is_inside(Browser(operator))
    assert not is_inside(as_alice)


def test_a_post_from_another_site_is_refused(operator: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/admin/login/", {"username": operator.email, "password": PASSWORD}).status_code == 403
    inside = signed_in_operator(operator)
    assert inside.post("/admin/logout/").status_code == 403


def test_its_cookies_are_its_own_and_go_nowhere_else(operator: User, settings: Any) -> None:
    browser = signed_in_operator(operator)
    assert set(browser.cookies) == {"ecrm_admin", "ecrm_admin_csrf"}
    for cookie in browser.cookies.values():
        assert (cookie["path"], cookie["samesite"]) == ("/admin/", "Strict")
    assert browser.cookies["ecrm_admin"]["httponly"]
    for path in ("/", "/o/", "/signin/", "/api/v1/docs", "/healthz"):
        assert not Client().get(path).cookies
    assert not Client().get("/admin").cookies


def test_signing_out_ends_it(operator: User) -> None:
    browser = signed_in_operator(operator)
    key = browser.cookies["ecrm_admin"].value
    token = browser.cookies["ecrm_admin_csrf"].value
    assert browser.post("/admin/logout/", headers={"X-CSRFToken": token}).status_code == 200
    assert not is_inside(browser)
    copied = Client()
    copied.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not is_inside(copied)


def test_createoperator_makes_an_operator_without_an_organisation(db: None) -> None:
    out = io.StringIO()
    arguments = ["--email", "Olga@ecrm.example", "--password", PASSWORD, "--name", "Olga"]
    call_command("createoperator", *arguments, stdout=out)
    user = User.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("olga@ecrm.example", True, True)
    assert not user.organisations.exists()
    assert PASSWORD not in out.getvalue()
    with pytest.raises(CommandError, match="already"):
        call_command("createoperator", *arguments)
    with pytest.raises(CommandError):
        call_command("createoperator", "--email", "o2@ecrm.example", "--password", "short", "--name", "O")


def test_resetoperator_lets_an_operator_enrol_anew(enrolled: User, alice: User) -> None:
    call_command("resetoperator", "--email", enrolled.email, stdout=io.StringIO())
    assert not is_enrolled(enrolled)
    assert not unseen_codes(enrolled)
    assert Operator().give_password(enrolled.email)["Location"] == "/admin/login/enrol/"
    with pytest.raises(CommandError, match="no operator"):
        call_command("resetoperator", "--email", alice.email)
