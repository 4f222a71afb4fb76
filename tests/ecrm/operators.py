"""An operator at a browser: cookies kept, forged posts refused, codes from an authenticator app of one's own."""

from __future__ import annotations

import re
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts.models import User
from ecrm.operators import HALF_WAY
from ecrm.second_factor import enrol, new_secret, store_codes
from tests.conftest import PASSWORD

PERIOD = 30


def code_for(secret: str) -> str:
    """What an authenticator app shows; one that is about to change is waited for, as a person would."""
    left = PERIOD - time.time() % PERIOD
    if left < 3:
        time.sleep(left)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD)))


class Operator(Client):
    """A browser that gives the CSRF token of the page it posts from, and is checked for it."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)

    def submit(self, path: str, **fields: str) -> Any:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path).content.decode())
        assert token, f"{path} shows no form"
        return self.post(path, {"csrfmiddlewaretoken": token[1], **fields})

    def give_password(self, email: str, password: str = PASSWORD, onward: str = "/admin/") -> Any:
        return self.submit("/admin/login/", username=email, password=password, next=onward)

    @property
    def offered_secret(self) -> str:
        return str(self.session[HALF_WAY]["secret"])


def signed_in_operator(user: User) -> Operator:
    """A browser in the admin, by the front door."""
    secret = new_secret()
    assert enrol(user, secret, code_for(secret))
    store_codes(user)
    browser = Operator()
    browser.give_password(user.email)
    response = browser.submit("/admin/login/code/", code=recovery_code(user))
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    return browser


def recovery_code(user: User, number: int = 0) -> str:
    kept = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return str(kept.wrap().get_unused_codes()[number])
