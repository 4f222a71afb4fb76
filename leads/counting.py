"""How many leads a filter finds, in bounded time: exactly where that is quick, and else "more than"."""

from dataclasses import dataclass

from django.db.models import QuerySet

from ecrm.database import TooSlow, within
from leads.models import Lead

QUICK = 400  # ms, for each try
THOROUGH = 8000
LESS = (100_000, 1000)


@dataclass(frozen=True)
class Count:
    """A number of leads, or with `exact=False` one that they are more than."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        if self.exact:
            return f"{self.number:,}"
        return f"more than {self.number:,}" if self.number else "very many"

    def __bool__(self) -> bool:
        return self.number > 0 or not self.exact

    @property
    def leads(self) -> str:
        """Itself with its noun: `1 lead`, `more than 1,000 leads`."""
        return f"{self} lead" if self.exact and self.number == 1 else f"{self} leads"


def count_up_to(leads: QuerySet[Lead], most: int) -> Count:
    """No further than `most`."""
    found = leads.order_by()[: most + 1].count()
    return Count(min(found, most), found <= most)


def count_leads(leads: QuerySet[Lead], patience: int = QUICK) -> Count:
    """As exactly as `patience` (ms, for the first try; QUICK for each further one) allows."""
    try:
        with within(patience):
            return Count(leads.order_by().count())
    except TooSlow:
        pass
    for most in LESS:
        try:
            with within(QUICK):
                return count_up_to(leads, most)
        except TooSlow:
            continue
    return Count(0, exact=False)
