"""A POST to the API repeated with the same `Idempotency-Key` and body answers as the first did, and acts once.

It stands around every operation (`ecrm/api.py`). In: a request whose caller is known and may do this now; of others
nothing is read, kept or told. Out: the operation's answer, or the one that it gave before. A refusal did nothing, so it
is not kept; nor is an answer for longer than a day, or than a lead that it may have named.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.api import BearerAuth
from accounts.models import IdempotencyKey, Membership, User
from ecrm.problems import problem

Run = Callable[..., HttpResponseBase]

ANSWERS_KEPT = timedelta(days=1)
# A request that has not ended by then died with its process. Its body was read before it began.
ABANDONED = timedelta(minutes=10)
LONGEST_KEY = 255
# What stands around the file in an upload: the other fields, and the boundaries.
AROUND_A_FILE = 1 << 20

authenticate = BearerAuth()


def idempotent(run: Run) -> Run:
    """ninja's `run` of an operation, once for each `Idempotency-Key`."""

    @wraps(run)
    def run_once(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key or not is_allowed(request) or is_too_large(request):
            return run(request, **kwargs)  # which says why
        if len(key) > LONGEST_KEY:
            return problem(422, f"An Idempotency-Key may have {LONGEST_KEY} characters at most.")
        digest = request_digest(request)
        record = begin(request, key, digest)
        if record is None:
            return repeated(cast(User, request.user), key, digest)
        return act(record, lambda: run(request, **kwargs))

    return run_once


def is_allowed(request: HttpRequest) -> bool:
    """Whether the caller is known and may do this, as of now."""
    try:
        return authenticate(request) is not None
    except (Http404, PermissionDenied):
        return False


def is_too_large(request: HttpRequest) -> bool:
    """Whether the body is larger than any operation takes; it is not read then."""
    length = request.headers.get("Content-Length", "")
    return length.isdecimal() and int(length) > settings.IMPORT_MAX_BYTES + AROUND_A_FILE


def request_digest(request: HttpRequest) -> bytes:
    """What makes two requests the same: method, path, body, and the role in which they are made. A multipart body differs
    by its boundary alone, so the fields and files are taken instead. Keyed, since a body may hold a password that could
    be guessed from its hash.
    """
    member: Membership | None = getattr(request, "membership", None)
    role = f"{member.pk} {member.role}" if member else ""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"{request.method} {request.path}\0{role}\0".encode(), "sha256")
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


def begin(request: HttpRequest, key: str, digest: bytes) -> IdempotencyKey | None:
    """This request's own record of the key; None where another request has it."""
    organisation = getattr(request, "organisation", None)
    fresh = {"digest": digest, "organisation": organisation, "created_at": timezone.now(), "status": None, "body": None}
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(user=cast(User, request.user), key=key, **fresh)
    except IntegrityError:
        of_key = IdempotencyKey.objects.filter(user=cast(User, request.user), key=key)
        won = of_key.filter(is_free(timezone.now())).update(**fresh)
        return of_key.first() if won else None


def is_free(now: datetime) -> Q:
    """Records that stand in nobody's way: a day old, or of a process that died."""
    return Q(created_at__lt=now - ANSWERS_KEPT) | Q(status=None, created_at__lt=now - ABANDONED)


def act(record: IdempotencyKey, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run the operation; keep its answer where it did something, and free the key where it did not."""
    mine = IdempotencyKey.objects.filter(pk=record.pk, created_at=record.created_at)
    try:
        response = run()
    except BaseException:
        mine.delete()
        raise
    if response.status_code >= 400 or response.streaming:
        mine.delete()
    else:
        content = cast(HttpResponse, response).content
        kind = response.headers.get("Content-Type", "")
        mine.update(status=response.status_code, content_type=kind, body=content)
    return response


def repeated(user: User, key: str, digest: bytes) -> HttpResponse:
    """The answer of before, or why there is none."""
    record = IdempotencyKey.objects.filter(user=user, key=key).first()
    if record is not None and bytes(record.digest) != digest:
        return problem(422, "This Idempotency-Key was used with another request.")
    if record is None or record.status is None:
        return problem(409, "The first request with this Idempotency-Key is still running.")
    if record.body is None:
        return problem(409, "This was done before; what it answered is kept no longer, since leads were erased.")
    return HttpResponse(bytes(record.body), status=record.status, content_type=record.content_type)


def forget_answers(organisations: Any) -> None:
    """Drop what was answered to members of these `organisations` (keys, or a query for them): it may name a lead that is
    erased now. That it was done is kept, so that nothing is done twice.
    """
    IdempotencyKey.objects.filter(organisation__in=organisations).update(body=None)


def purge() -> int:
    """Delete what is older than a day; returns how many records."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - ANSWERS_KEPT).delete()
    return deleted
