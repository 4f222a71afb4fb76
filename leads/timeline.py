"""What is known of a lead's past, newest first, and where it stands now. Apps above know most of it, and register where to ask
(`SOURCES`, `PLACES`).
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from leads.models import Lead
from leads.suppression import suppression_of

# As much of a lead's past as is looked at; a page of it is PAGE.
MOST_ENTRIES = 1000
PAGE = 50
NOT_MAILED = "Not mailed any more from here on"


@dataclass(frozen=True)
class Entry:
    """One thing that happened: when, in words, a page about it (or ""), and its kind, one word like "opened". `machine`: no
    person did it; `detail`: more of it, in smaller letters.
    """

    at: datetime
    text: str
    href: str = ""
    kind: str = ""
    machine: bool = False
    detail: str = ""


@dataclass(frozen=True)
class Place:
    """Where a lead stands in something that it is in: its name and page, a state, and what comes next, in words."""

    name: str
    href: str
    state: str
    detail: str = ""


def own_entries(lead: Lead) -> Iterable[Entry]:
    """What this app itself knows."""
    yield Entry(lead.created_at, f"Became a lead: {lead.source}" if lead.source else "Became a lead", kind="added")
    if entry := suppression_of(lead):
        yield Entry(entry.created_at, NOT_MAILED, kind=entry.reason)
    if (lead.updated_at - lead.created_at).total_seconds() > 1:
        yield Entry(lead.updated_at, "Was changed for the last time", kind="changed")
    for note in lead.notes.select_related("author")[:MOST_ENTRIES]:
        yield Entry(
            note.created_at,
            f"{note.author.name if note.author else 'Somebody'} wrote a note",
            kind="note",
            detail=note.text,
        )


# Each gives a lead's entries, in any order; those with many give the newest MOST_ENTRIES.
SOURCES: list[Callable[[Lead], Iterable[Entry]]] = [own_entries]

# Each gives what a lead is in.
PLACES: list[Callable[[Lead], Iterable[Place]]] = []


def places(lead: Lead) -> list[Place]:
    return list(chain.from_iterable(find(lead) for find in PLACES))


def timeline(lead: Lead) -> list[Entry]:
    """The newest MOST_ENTRIES entries of all sources, newest first."""
    entries = list(chain.from_iterable(source(lead) for source in SOURCES))
    told = {entry.kind for entry in entries if entry.href}
    # Where a source tells with which mail somebody left, that they are not mailed since then is no second thing.
    once = (entry for entry in entries if entry.text != NOT_MAILED or entry.kind not in told)
    return heapq.nlargest(MOST_ENTRIES, once, key=lambda entry: entry.at)
