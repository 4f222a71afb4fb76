"""The door: default-deny for every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.access import bearer_user, enter_organisation, role_for, signed_link_user
from accounts.models import Role
from ecrm.web import is_public

View = Callable[..., HttpResponseBase]

# These do their own authorisation: allauth's tokens, ninja's `BearerAuth`, the admin's session.
OWN_AUTHORISATION = ("/_allauth/", "/api/", settings.ADMIN_PATH, "/static/")


class BearerMiddleware:
    """Let a page's view run only for the user of an access token or a signed link, inside its organisation.

    A GET without a token is a browser's navigation: it gets the shell, the same bytes for every URL, whose script asks
    again with the token. Views marked with `ecrm.web.public` need no token. Views under `/o/<slug>/` find
    `request.organisation` and `request.membership`, and do not take the slug as an argument.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not hasattr(request, "user"):
            request.user = AnonymousUser()
        response = self.get_response(request)
        return private(response) if hasattr(request, "is_private") else response

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if request.path.startswith(OWN_AUTHORISATION) or is_public(view):
            return None
        request.is_private = True  # type: ignore[attr-defined]
        return self.authorise(request, view, kwargs)

    def authorise(self, request: HttpRequest, view: View, kwargs: dict[str, Any]) -> HttpResponseBase | None:
        """A response that ends the request, or None to go on as `request.user`."""
        user = bearer_user(request)
        if user is None and "Authorization" not in request.headers and request.method in {"GET", "HEAD"}:
            user = signed_link_user(request)
            if user is None:
                return render(request, "shell.html")
        if user is None:
            return HttpResponse("Your session has ended. Please sign in again.", status=401)
        request.user = user
        if "org" in kwargs:
            role = role_for(request.method or "GET")
            if role is not Role.VIEWER:  # a view may ask for more, or for less where its POST changes nothing
                role = getattr(view, "role_for_post", role)
            try:
                enter_organisation(request, user, kwargs.pop("org"), role)
            except PermissionDenied as error:
                return render(request, "403.html", {"reason": str(error)}, status=403)
        return None


def private(response: HttpResponseBase) -> HttpResponseBase:
    """Mark a response as one caller's own: no cache may keep it, and it differs by token."""
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Authorization"
    return response
