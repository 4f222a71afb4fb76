"""The rows of an export: the header, then each lead as texts."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from leads.exporting.columns import expression
from leads.importing.recognise import unique
from leads.models import Lead

CHUNK = 2000


def rows(leads: QuerySet[Lead], columns: Mapping[str, str]) -> Iterator[list[str]]:
    """Through a cursor of the server: however many leads, few are in memory. The oldest come first."""
    yield unique(list(columns.values()))
    values = leads.order_by("pk").values_list(*(expression(key) for key in columns))
    for row in values.iterator(chunk_size=CHUNK):
        yield [text(value) for value in row]


def text(value: Any) -> str:
    """Several values are separated by commas, as an import takes them; times are ISO 8601 in UTC."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(value)
