"""Whom a bulk action is about."""

from dataclasses import dataclass

from django.db.models import Max, QuerySet

from accounts.models import Organisation
from leads.counting import QUICK, Count, count_leads
from leads.models import BulkAction, Lead
from leads.search import Search, matching, read_search


@dataclass(frozen=True)
class Meant:
    """Whom an action is about: leads that were chosen (`ids`), or whatever the search finds, none newer than `newest`."""

    organisation: Organisation
    search: Search
    ids: tuple[int, ...] = ()
    newest: int | None = None

    def leads(self) -> QuerySet[Lead]:
        """Raises BadRules."""
        if self.ids:
            return Lead.objects.filter(organisation=self.organisation, pk__in=self.ids)
        leads = matching(self.organisation, self.search)
        return leads if self.newest is None else leads.filter(pk__lte=self.newest)

    def count(self, patience: int = QUICK) -> Count:
        return count_leads(self.leads(), patience)


def newest_lead(organisation: Organisation) -> int:
    """Its primary key; 0 where there is no lead."""
    return Lead.objects.filter(organisation=organisation).aggregate(newest=Max("pk"))["newest"] or 0


def meant_by(bulk: BulkAction) -> Meant:
    """Whom a kept action is about."""
    kept = bulk.search

    def number(name: str) -> int | None:
        return int(kept[name]) if kept.get(name) else None

    search = read_search(
        {name: str(kept.get(name, "")) for name in ("q", "tag", "field", "sort")}, number("list"), number("segment")
    )
    return Meant(bulk.organisation, search, tuple(kept.get("ids", ())), bulk.newest)
