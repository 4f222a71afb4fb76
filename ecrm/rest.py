"""The base of the JSON API: strict bodies, cursors, bearer tokens, problem details. `ecrm/api.py` joins the apps'
routers.

An app's `api.py` makes a `router = Router()` of operations under `/api/v1/orgs/{org}/…`; each takes `org: Slug` (for
the path) and finds `request.organisation`, resolved and checked by `accounts.api.BearerAuth`.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from ninja import Path, Schema
from pydantic import ConfigDict

from ecrm.problems import refuse

Row = TypeVar("Row", bound=Model)

# The organisation's slug; said to be of the path, since it stands in the router's prefix where ninja does not look.
Slug = Path[str]

MAX_LIMIT = 500


class Body(Schema):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def encode_cursor(pk: int) -> str:
    return base64.urlsafe_b64encode(str(pk).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The primary key a cursor stands for; raises a 422 Problem where it is none of ours."""
    try:
        return int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except (ValueError, binascii.Error, UnicodeDecodeError) as error:
        raise refuse("cursor", "Take the cursor from `next` of the page before.") from error


def page(
    rows: QuerySet[Row, Row], show: Callable[[Row], Mapping[str, Any]], limit: int, cursor: str | None
) -> dict[str, Any]:
    """One page of `rows`, newest first, with the cursor of the next: `{"items": […], "next": "…" | null}`."""
    if not 1 <= limit <= MAX_LIMIT:
        raise refuse("limit", f"A limit is a number from 1 to {MAX_LIMIT}.")
    rows = rows.order_by("-pk")
    if cursor:
        rows = rows.filter(pk__lt=decode_cursor(cursor))
    found = list(rows[: limit + 1])
    more = len(found) > limit
    return {
        "items": [show(row) for row in found[:limit]],
        "next": encode_cursor(found[limit - 1].pk) if more else None,
    }


def iso(at: datetime | None) -> str | None:
    """A time as the API says it: ISO 8601 in UTC."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def row_id(text: str) -> int:
    """The primary key behind an opaque id; -1, which no row has, where it is none of ours."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else -1
