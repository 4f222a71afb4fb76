"""Errors of the JSON API as problem details (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse


class Problem(Exception):
    """Raise it anywhere below an API call to answer with `status` and a detail that says what to do.

    `errors` holds `{"field": …, "message": …}` for each field at fault.
    """

    def __init__(self, status: int, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)


def problem(
    status: int, detail: str, errors: Sequence[Mapping[str, str]] = (), headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """An `application/problem+json` response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return HttpResponse(
        json.dumps(body), status=status, content_type="application/problem+json", headers=dict(headers or {})
    )


def refuse(field: str, message: str) -> Problem:
    """A 422 about one field."""
    return Problem(422, message, [{"field": field, "message": message}])
