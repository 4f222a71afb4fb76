"""What happened with a lead, newest first. Apps above know most of it, and register where to ask (`SOURCES`)."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from leads.models import Lead
from leads.suppression import suppression_of

MOST_ENTRIES = 200


@dataclass(frozen=True)
class Entry:
    """One thing that happened: when, in words, a page about it (or ""), and its kind, one word like "opened"."""

    at: datetime
    text: str
    href: str = ""
    kind: str = ""


def own_entries(lead: Lead) -> Iterable[Entry]:
    """What this app itself knows."""
    yield Entry(lead.created_at, f"Became a lead: {lead.source}" if lead.source else "Became a lead", kind="added")
    if entry := suppression_of(lead):
        yield Entry(entry.created_at, "Not mailed any more from here on", kind=entry.reason)


# Each gives a lead's entries, in any order; those with many give the newest MOST_ENTRIES.
SOURCES: list[Callable[[Lead], Iterable[Entry]]] = [own_entries]


def timeline(lead: Lead) -> list[Entry]:
    """The newest MOST_ENTRIES entries of all sources, newest first."""
    entries = chain.from_iterable(source(lead) for source in SOURCES)
    return heapq.nlargest(MOST_ENTRIES, entries, key=lambda entry: entry.at)
