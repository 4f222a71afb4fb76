"""Sign-up, verification by code, sign-in, refresh and sign-out over the real endpoints."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache

from accounts.models import Organisation, Role, User
from tests.accounts.flows import PASSWORD, SIGN_UP, Device, fields_at_fault, last_code, pending_flow

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora() -> Device:
    """Signed up and verified."""
    device = Device()
    device.sign_up()
    device.verify()
    return device


def test_sign_up_sends_a_code_that_signs_in_the_owner_of_a_new_organisation() -> None:
    device = Device()
    response = device.sign_up()
    assert (response.status_code, pending_flow(response)) == (401, "verify_email")
    assert mail.outbox[0].to == ["dora@dale.example"]
    assert last_code() in str(mail.outbox[0].subject)
    assert device.verify().status_code == 200
    me = device.get("/api/v1/me").json()
    assert (me["name"], me["email"]) == ("Dora Dale", "dora@dale.example")
    assert me["organisations"] == [{"slug": "dale-co", "name": "Dale & Co", "role": Role.OWNER.value}]


def test_nothing_works_before_the_address_is_verified() -> None:
    device = Device()
    device.sign_up()
    assert not device.access
    at_once = Device().sign_in()
    assert at_once.answer["errors"][0]["message"].startswith("Too many tries in a short time"), "no word of failures"
    cache.clear()  # the pause between two codes: signing in sends another one
    response = Device().sign_in()
    assert (response.status_code, pending_flow(response)) == (401, "verify_email")


def test_a_wrong_code_names_its_field_and_too_many_end_the_flow() -> None:
    device = Device()
    device.sign_up()
    code = last_code()
    assert "key" in fields_at_fault(device.call("auth/email/verify", {"key": "WRONG1"}))
    for _ in range(5):
        response = device.call("auth/email/verify", {"key": "WRONG1"})
    assert response.status_code == 409
    assert device.call("auth/email/verify", {"key": code}).status_code == 409
    assert not device.access


def test_a_new_code_can_be_sent() -> None:
    device = Device()
    device.sign_up()
    cache.clear()  # the pause between two codes
    assert device.call("auth/email/verify/resend").status_code == 200
    assert len(mail.outbox) == 2
    assert device.verify().status_code == 200


def test_a_second_code_at_once_is_refused() -> None:
    device = Device()
    device.sign_up()
    assert device.call("auth/email/verify/resend").status_code == 429
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("field", ["name", "organisation", "email", "password"])
def test_each_missing_value_is_named(field: str) -> None:
    body = {key: value for key, value in SIGN_UP.items() if key != field}
    response = Device().call("auth/signup", body)
    assert response.status_code == 400
    assert list(fields_at_fault(response)) == [field]
    assert not User.objects.exists()
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("password", ["short", "password1234", "dora@dale.example"])
def test_a_weak_password_is_refused_with_the_reason(password: str) -> None:
    response = Device().sign_up(password=password)
    assert response.status_code == 400
    assert fields_at_fault(response)["password"].startswith(("This password", "The password"))


def test_an_address_that_is_taken_looks_like_any_other_and_its_owner_is_told(alice: User) -> None:
    fresh, taken = Device().sign_up(), Device().sign_up(email="Alice@acme.example")
    assert fresh.status_code == taken.status_code == 401
    assert pending_flow(fresh) == pending_flow(taken)
    assert fresh.answer["data"].keys() == taken.answer["data"].keys()
    assert mail.outbox[1].to == ["alice@acme.example"]
    assert "There is an account with this address already" in str(mail.outbox[1].body)
    assert Organisation.objects.count() == 2, "no organisation is founded for a sign-up that came to nothing"


def test_a_wrong_password_and_an_unknown_address_answer_alike(alice: User) -> None:
    wrong = Device().sign_in("alice@acme.example", "not the password")
    unknown = Device().sign_in("nobody@acme.example", "not the password")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.answer["errors"] == unknown.answer["errors"]


def test_too_many_wrong_passwords_are_slowed_down(alice: User) -> None:
    answers = [Device().sign_in("alice@acme.example", "not the password") for _ in range(6)]
    assert answers[-1].answer["errors"][0]["code"] == "too_many_login_attempts"
    right = Device().sign_in("alice@acme.example", "correct horse battery")
    assert right.status_code == 400, "the right password does not tell a guesser that it is the right one"


def test_refreshing_gives_new_tokens_and_the_old_refresh_token_is_refused(dora: Device) -> None:
    old_access, old_refresh = dora.access, dora.refresh
    assert dora.call("tokens/refresh", {"refresh_token": old_refresh}).status_code == 200
    assert dora.access != old_access
    assert dora.refresh != old_refresh
    assert dora.get("/api/v1/me").status_code == 200
    assert dora.call("tokens/refresh", {"refresh_token": old_refresh}).status_code == 400


def test_an_access_token_ends_by_itself_and_a_refresh_token_is_no_access_token(dora: Device, settings: Any) -> None:
    settings.HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 0
    dora.call("tokens/refresh", {"refresh_token": dora.refresh})
    time.sleep(1.1)  # a token's end is told in whole seconds
    assert dora.get("/api/v1/me").status_code == 401
    dora.access = dora.refresh
    assert dora.get("/api/v1/me").status_code == 401


def test_signing_out_ends_both_tokens_at_once(dora: Device) -> None:
    access, refresh = dora.access, dora.refresh
    assert dora.call("auth/session", method="DELETE").status_code == 401
    dora.access = access
    assert dora.get("/api/v1/me").status_code == 401
    assert dora.get("/account/").status_code == 401
    assert Device().call("tokens/refresh", {"refresh_token": refresh}).status_code == 400


def test_signing_out_on_one_device_leaves_the_other_signed_in(dora: Device) -> None:
    phone = Device()
    phone.sign_in()
    phone.call("auth/session", method="DELETE")
    assert dora.get("/api/v1/me").status_code == 200


def test_the_form_is_the_only_thing_asked_for() -> None:
    """Promise p01: a name, an address, an organisation and a password; whatever else is sent is not kept."""
    Device().call("auth/signup", SIGN_UP | {"is_staff": True, "is_superuser": "1", "phone": "123"})
    user = User.objects.get(email=SIGN_UP["email"])
    assert not user.is_staff
    assert not user.is_superuser
    assert user.check_password(PASSWORD)
