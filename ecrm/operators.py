"""How an operator enters the admin: password, then second factor, enrolled at the first sign-in.

`begin` after the password: the session names who is half-way in, for ten minutes, and opens nothing. `finish` after the
code: the session is signed in, and bears the mark that `ecrm.admin.OperatorSite` asks for. A session from elsewhere (the
product's sign-in keeps its own) bears no mark.
"""

import logging
import time
from typing import Any, cast

from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from ecrm import second_factor

log = logging.getLogger(__name__)

HALF_WAY, PROVED = "operator-half-way", "operator-proved"
HALF_WAY_SECONDS = 600
SESSION_SECONDS = 12 * 3600
# The longest that `settings.ACCOUNT_RATE_LIMITS` makes an operator wait.
WAIT_SECONDS = 300


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false", "size": 20}
        ),
    )


def may_try(request: HttpRequest, action: str, key: str) -> bool:
    """Whether one more try is allowed; `action` is one of `settings.ACCOUNT_RATE_LIMITS`."""
    return bool(ratelimit.consume(request, action=action, key=key.strip().lower()))


def begin(request: HttpRequest, user: AbstractBaseUser, onward: str) -> None:
    """The password was right: remember who it is, and where to go on afterwards."""
    request.session.flush()
    request.session[HALF_WAY] = {
        "user": user.pk,
        "hash": session_hash(user),
        "since": time.time(),
        "onward": onward,
        "secret": second_factor.new_secret(),
    }
    request.session.set_expiry(HALF_WAY_SECONDS)


def half_way(request: HttpRequest) -> AbstractBaseUser | None:
    """Who gave the right password a moment ago; None where nobody did, or may not enter any more."""
    kept: dict[str, Any] = request.session.get(HALF_WAY) or {}
    if not kept or not 0 <= time.time() - kept["since"] < HALF_WAY_SECONDS:
        return None
    user = get_user_model().objects.filter(pk=kept["user"], is_active=True, is_staff=True).first()
    return user if user and constant_time_compare(kept["hash"], session_hash(user)) else None


def session_hash(user: AbstractBaseUser) -> str:
    """Changes with the password: a new one ends what the old one began."""
    return str(user.get_session_auth_hash())


def secret_to_enrol(request: HttpRequest) -> str:
    """The secret that an app is offered during this sign-in."""
    return str(request.session[HALF_WAY]["secret"])


def finish(request: HttpRequest, user: AbstractBaseUser) -> str:
    """Sign in; where to go on."""
    onward = str(request.session.pop(HALF_WAY)["onward"])
    login(request, cast(Any, user), settings.AUTHENTICATION_BACKENDS[0])
    request.session[PROVED] = user.pk
    request.session.set_expiry(SESSION_SECONDS)
    log.info("Operator %s signed in", user.pk)
    return onward


def has_proved(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated and request.session.get(PROVED) == request.user.pk)


def onward_in(request: HttpRequest) -> str:
    """`?next=` where it is a page of the admin; the admin's index otherwise."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    inside = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith(settings.ADMIN_PATH)
    return target if inside else settings.ADMIN_PATH
