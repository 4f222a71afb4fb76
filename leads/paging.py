"""Pages of leads by their place in the order, not by number: the thousandth page costs what the first one does.

A page is named by the row it begins behind (or ends before): the values that the order compares, as an opaque token.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.lookups import GreaterThan, LessThan

from ecrm.web import PAGE_SIZE
from leads.models import Lead

BEHIND, BEFORE = "behind", "before"


@dataclass(frozen=True)
class Place:
    """A page: everything behind, or just before, the row with these values."""

    side: str
    values: tuple[str | int, ...]


@dataclass(frozen=True)
class LeadPage:
    """Leads in their order, and the tokens of the pages around them; empty where there is none."""

    leads: list[Lead]
    previous: str = ""
    next: str = ""


class Row(Func):
    """Several values compared as one, the first one first; an index over them has that order."""

    function = "ROW"
    output_field = TextField()


def token_of(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([place.side, *place.values]).encode()).decode().rstrip("=")


def read_token(token: str, keys: Sequence[F | Func]) -> Place | None:
    """The place behind a token; None where it is none of this order, so that the first page is shown."""
    try:
        side, *values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        fits = len(values) == len(keys) and all(map(can_be, values, keys))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        return None
    return Place(side, tuple(values)) if side in (BEHIND, BEFORE) and fits else None


def can_be(value: object, key: F | Func) -> bool:
    """Whether a key can have that value; raises UnicodeEncodeError for half characters."""
    if key == F("pk"):
        return type(value) is int and 0 <= value < 1 << 63
    return isinstance(value, str) and b"\0" not in value.encode()


def page_of_leads(
    leads: QuerySet[Lead], keys: Sequence[F | Func], *, backwards: bool, token: str, size: int = PAGE_SIZE
) -> LeadPage:
    """The page of `leads` that `token` names, in the order of `keys` or the other way round.

    The keys are never NULL, and the last one is unique.
    """
    place = read_token(token, keys)
    towards_start = place is not None and place.side == BEFORE
    descending = backwards != towards_start
    rows = leads.annotate(**{f"key_{number}": key for number, key in enumerate(keys)})
    rows = rows.order_by(*(key.desc() if descending else key.asc() for key in keys))
    if place:
        compare = LessThan if descending else GreaterThan
        rows = rows.filter(compare(Row(*keys), Row(*(Value(value) for value in place.values))))
    found = list(rows[: size + 1])
    more, found = len(found) > size, found[:size]
    if towards_start:
        found.reverse()
    if not found:
        return page_of_leads(leads, keys, backwards=backwards, token="", size=size) if place else LeadPage([])
    before = place is not None and (more if towards_start else True)
    behind = True if towards_start else more
    return LeadPage(
        found,
        token_of(Place(BEFORE, values_of(found[0], len(keys)))) if before else "",
        token_of(Place(BEHIND, values_of(found[-1], len(keys)))) if behind else "",
    )


def values_of(lead: Any, width: int) -> tuple[str | int, ...]:
    return tuple(getattr(lead, f"key_{number}") for number in range(width))
