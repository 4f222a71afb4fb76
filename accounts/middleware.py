"""The door: default-deny for every page, and once-only POSTs for the API."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.access import bearer_user, enter_organisation, role_for, signed_link_user
from accounts.models import IdempotencyKey, Role, User
from ecrm.problems import problem
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


def idempotency(get_response: View) -> View:
    """A POST to the API repeated with the same `Idempotency-Key` and body answers as the first did, and acts once."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key or not request.path.startswith("/api/"):
            return get_response(request)
        user = bearer_user(request)
        if user is None:
            return get_response(request)
        if len(key) > 255:
            return problem(422, "An Idempotency-Key may have 255 characters at most.")
        return once(request, user, key, get_response)

    return middleware


def request_digest(request: HttpRequest) -> bytes:
    """What makes two requests the same: method, path and body. A multipart body differs by its boundary alone, so the
    fields and files are taken instead. Keyed, since a body may hold a password that could be guessed from its hash."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"{request.method} {request.path}\0".encode(), "sha256")
    if request.content_type == "multipart/form-data":
        digest.update(json.dumps(sorted(request.POST.lists())).encode())
        for name, uploads in sorted(request.FILES.lists()):
            for upload in uploads:
                digest.update(f"{name}\0{upload.name}\0".encode())
                for chunk in upload.chunks():
                    digest.update(chunk)
                upload.seek(0)
    else:
        digest.update(request.body)
    return digest.digest()


def once(request: HttpRequest, user: User, key: str, get_response: View) -> HttpResponseBase:
    digest = request_digest(request)
    try:
        with transaction.atomic():
            record = IdempotencyKey.objects.create(user=user, key=key, digest=digest)
    except IntegrityError:
        return repeated(IdempotencyKey.objects.get(user=user, key=key), digest)
    try:
        response = cast(HttpResponse, get_response(request))
    except BaseException:
        record.delete()
        raise
    if response.status_code >= 500 or response.streaming:
        record.delete()  # it may be tried again
    else:
        record.status = response.status_code
        record.content_type = response.headers.get("Content-Type", "")
        record.body = response.content
        record.save()
    return response


def repeated(record: IdempotencyKey, digest: bytes) -> HttpResponse:
    if bytes(record.digest) != digest:
        return problem(422, "This Idempotency-Key was used with another request.")
    if record.status is None:
        return problem(409, "The first request with this Idempotency-Key is still running.")
    return HttpResponse(bytes(record.body), status=record.status, content_type=record.content_type)
