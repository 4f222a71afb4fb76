"""Finding leads: what a person searches, filters and sorts by, as one value, and the leads it finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import F, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from accounts.models import Organisation
from leads.models import NAME_SORTED, Lead, Suppression

NEWEST = "-added"
# Sort key → what is compared, as an index has it (`Lead.Meta`); a minus in front of the key turns it round. By name is by
# last name, then first name; who has no name comes last, and first when it is turned round.
SORTS: dict[str, tuple[F | Func, ...]] = {
    "name": (NAME_SORTED, Lower("first_name"), F("pk")),
    "email": (F("email_key"),),
    "company": (Lower("company"), F("pk")),
    "added": (F("pk"),),
}
MOST_WORDS = 5
# How many leads stand for all where looking at every one would take too long.
SAMPLE = 20_000
MOST_TAGS = 200

TAGS = """
SELECT DISTINCT unnest(tags) AS tag FROM (
    SELECT tags FROM leads_lead WHERE organisation_id = %(organisation)s ORDER BY id DESC LIMIT %(sample)s) newest
ORDER BY tag LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Search:
    """Words, a list (its primary key), a tag, and an order: a key of SORTS, perhaps with a minus in front."""

    q: str = ""
    tag: str = ""
    list_id: int | None = None
    sort: str = NEWEST

    def parameters(self) -> dict[str, str]:
        """Itself as the query of a URL; what is as usual is left out."""
        values = {"q": self.q, "list": str(self.list_id or ""), "tag": self.tag, "sort": self.sort}
        return {name: value for name, value in values.items() if value and value != NEWEST}


def read_search(values: Mapping[str, str], list_id: int | None) -> Search:
    """What `?q=`, `?tag=` and `?sort=` ask for, on the list `list_id` (which the caller has looked up)."""

    def text(name: str, longest: int) -> str:
        return values.get(name, "").replace("\0", "").strip()[:longest]

    sort = text("sort", 20)
    return Search(text("q", 200), text("tag", 100), list_id, sort if sort.removeprefix("-") in SORTS else NEWEST)


def search_leads(organisation: Organisation, q: str = "", list_id: int | None = None, tag: str = "") -> QuerySet[Lead]:
    """The organisation's leads whose name, company or address contains every word of `q`, on a list, with a tag."""
    leads = Lead.objects.filter(organisation=organisation)
    for word in q.replace("\0", "").split()[:MOST_WORDS]:
        names = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(company__icontains=word)
        leads = leads.filter(names | Q(email__icontains=word))
    if list_id is not None:
        leads = leads.filter(entries__lead_list=list_id)
    if tag:
        leads = leads.filter(tags__contains=[tag.replace("\0", "")])
    return leads


def found_leads(organisation: Organisation, search: Search) -> QuerySet[Lead]:
    """What a search finds, in its order."""
    key = search.sort.removeprefix("-")
    backwards = search.sort.startswith("-")
    leads = search_leads(organisation, search.q, search.list_id, search.tag)
    return leads.order_by(*(value.desc() if backwards else value.asc() for value in SORTS[key]))


def with_suppression(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """The same leads, each with `suppressed`: why it is not mailed (a SuppressionReason), or None."""
    entries = Suppression.objects.filter(organisation=OuterRef("organisation"), digest=OuterRef("digest"))
    return leads.annotate(suppressed=Subquery(entries.values("reason")[:1]))


def known_tags(organisation: Organisation) -> list[str]:
    """The tags that the organisation's newest leads have."""
    with connection.cursor() as cursor:
        cursor.execute(TAGS, {"organisation": organisation.pk, "sample": SAMPLE, "limit": MOST_TAGS})
        return [row[0] for row in cursor.fetchall()]
