"""Security headers for every response, problem details for every call, and the admin's session where it belongs."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

from ecrm.problems import problem
from ecrm.turns import Busy
from ecrm.web import toast_event

API = "/api/"
RETRY_SECONDS = 10
Handler = Callable[[HttpRequest], HttpResponseBase]

# No inline script, no inline style, no other host: an injected string can neither run nor call home.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The admin's and the API reference's own widgets set style attributes.
STYLED_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
STYLED_PATHS = (settings.ADMIN_PATH, "/api/v1/docs")
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def security_headers(get_response: Handler) -> Handler:
    """Add the policies that a view did not set itself (a mail preview has its own)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        styled = request.path.startswith(STYLED_PATHS)
        response.headers.setdefault("Content-Security-Policy", STYLED_POLICY if styled else POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    return middleware


def problem_details(get_response: Handler) -> Handler:
    """Whatever turns a call to the API away, down to Django itself, does it in problem details."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code < 400 or not request.path.startswith(API) or is_problem(response):
            return response
        kept = {name: response[name] for name in ("Allow", "Retry-After", "WWW-Authenticate") if name in response}
        allowed = f" Allowed: {kept['Allow']}." if "Allow" in kept else ""
        return problem(response.status_code, f"{HTTPStatus(response.status_code).description}.{allowed}", headers=kept)

    return middleware


class TurnsAway:
    """Answers 429 where a person already has what they ask for under way (`ecrm.turns.Busy`)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, Busy):
            return None
        wait = {"Retry-After": str(RETRY_SECONDS)}
        if request.path.startswith(API):
            return problem(429, str(exception), headers=wait)
        return HttpResponse(str(exception), status=429, headers=wait | {"HX-Trigger": toast_event(str(exception))})


def is_problem(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith("application/problem+json")


class AdminOnly:
    """Keeps one of Django's middlewares to the admin's path: nowhere else is a cookie read or set (promise p14)."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(settings.ADMIN_PATH):
            return cast(HttpResponseBase, super().__call__(request))  # type: ignore[misc]
        return cast(HttpResponseBase, self.get_response(request))  # type: ignore[attr-defined]

    def process_view(self, request: HttpRequest, *args: Any) -> HttpResponseBase | None:
        inner = getattr(super(), "process_view", None)
        if inner is None or not request.path.startswith(settings.ADMIN_PATH):
            return None
        return cast("HttpResponseBase | None", inner(request, *args))


class AdminSession(AdminOnly, SessionMiddleware):
    """allauth swaps `request.session` for the one its token names, so the other paths get an empty, unsaved one."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(settings.ADMIN_PATH):
            request.session = SessionStore()
        return super().__call__(request)


class AdminCsrf(AdminOnly, CsrfViewMiddleware):  # type: ignore[misc]  # the mixin passes any arguments on
    pass


class AdminAuthentication(AdminOnly, AuthenticationMiddleware):
    pass


class AdminMessages(AdminOnly, MessageMiddleware):
    pass
