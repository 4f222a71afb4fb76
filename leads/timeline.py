"""What happened with a lead, newest first. Apps above know most of it, and register where to ask (`SOURCES`)."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from leads.models import Lead
from leads.suppression import suppression_of

MOST_ENTRIES = 200
NOT_MAILED = "Not mailed any more from here on"


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
        yield Entry(entry.created_at, NOT_MAILED, kind=entry.reason)


# Each gives a lead's entries, in any order; those with many give the newest MOST_ENTRIES.
SOURCES: list[Callable[[Lead], Iterable[Entry]]] = [own_entries]


def timeline(lead: Lead) -> list[Entry]:
    """The newest MOST_ENTRIES entries of all sources, newest first."""
    entries = list(chain.from_iterable(source(lead) for source in SOURCES))
    told = {entry.kind for entry in entries if entry.href}
    # Where a source tells with which mail somebody left, that they are not mailed since then is no second thing.
    once = (entry for entry in entries if entry.text != NOT_MAILED or entry.kind not in told)
    return heapq.nlargest(MOST_ENTRIES, once, key=lambda entry: entry.at)
