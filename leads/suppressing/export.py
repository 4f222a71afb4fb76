"""The whole list as rows for a CSV file, which an import of ours reads again."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from leads.models import Suppression
from leads.suppressing.listing import kind_of

CHUNK = 2000
HEADER = ("Address or domain", "Kind", "Reason", "Source", "By", "Added")


def rows(entries: QuerySet[Suppression]) -> Iterator[tuple[Any, ...]]:
    """Through a cursor of the server, the oldest first; whose address is not kept has an empty one."""
    yield HEADER
    for entry in entries.order_by("pk").iterator(chunk_size=CHUNK):
        by = entry.created_by.name if entry.created_by else ""
        yield entry.name, kind_of(entry), entry.reason, entry.source, by, entry.created_at.replace(microsecond=0)
