"""What is typed or pasted, an entry in each line: suppressed as far as it can be read, and the rest said line by line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from accounts.models import Organisation, User
from leads.addresses import BadAddress
from leads.models import SuppressionReason
from leads.suppression import Given, given, put

MOST_AT_ONCE = 5000
BY_HAND = "Entered by hand"
BETWEEN = re.compile(r"[\n,;]")


@dataclass(frozen=True)
class Refused:
    """An entry as it was typed, where (from 1), and why it cannot be suppressed."""

    place: int
    text: str
    why: str


@dataclass(frozen=True)
class Read:
    """Entries that can be suppressed, and those that cannot."""

    wanted: list[Given] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def different(self) -> int:
        """How many there are to suppress; the same one may be typed twice."""
        return len({one.digest for one in self.wanted})


def entries_in(text: str) -> list[str]:
    """What stands between line breaks, commas and semicolons."""
    return list(filter(None, map(str.strip, BETWEEN.split(text))))


def read(entries: Sequence[str], reason: SuppressionReason) -> Read:
    found = Read()
    for place, text in enumerate(entries, start=1):
        try:
            found.wanted.append(given(text, reason))
        except BadAddress as error:
            found.refused.append(Refused(place, text, str(error)))
    return found


def add(organisation: Organisation, by: User, found: Read, source: str = BY_HAND) -> int:
    """Suppress what could be read; returns how much of it was not suppressed before."""
    return put(organisation.pk, found.wanted, source, by)
