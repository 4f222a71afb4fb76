"""Finding leads: what a person searches, filters and sorts by, as one value, and the leads it finds."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Lower

from accounts.models import Organisation
from leads.fields import LONGEST_FIELD_NAME
from leads.mailable import WhySuppressed
from leads.models import NAME_SORTED, Lead
from leads.segments.filtering import in_segment
from leads.tags import LONGEST_TAG
from leads.terms import HasWords, IsTrue, Matches

NEWEST = "-added"
# Sort key → what is compared, as an index has it (`Lead.Meta`); a minus in front of the key turns it round. By name is by
# last name, then first name; who has no name comes last, and first when it is turned round.
SORTS: dict[str, tuple[F | Func, ...]] = {
    "name": (NAME_SORTED, Lower("first_name"), F("pk")),
    "email": (F("email_key"),),
    "company": (Lower("company"), F("pk")),
    "added": (F("pk"),),
}
MOST_WORDS = 8
WORD = re.compile(r"[^\W_]+")
SHORT = 2  # letters


@dataclass(frozen=True)
class Search:
    """Words, a tag, a list or a segment (their primary keys), a custom field that has a value, and an order: a key of SORTS,
    perhaps with a minus in front."""

    q: str = ""
    tag: str = ""
    list_id: int | None = None
    sort: str = NEWEST
    segment_id: int | None = None
    field: str = ""

    def parameters(self) -> dict[str, str]:
        """Itself as the query of a URL; what is as usual is left out."""
        values = {
            "q": self.q,
            "list": str(self.list_id or ""),
            "segment": str(self.segment_id or ""),
            "tag": self.tag,
            "field": self.field,
            "sort": self.sort,
        }
        return {name: value for name, value in values.items() if value and value != NEWEST}

    @property
    def keys(self) -> tuple[F | Func, ...]:
        return SORTS[self.sort.removeprefix("-")]

    @property
    def backwards(self) -> bool:
        return self.sort.startswith("-")

    @property
    def words_alone(self) -> bool:
        """Whether nothing but the words narrows it."""
        return bool(self.q) and self == replace(Search(), q=self.q, sort=self.sort)


def read_search(values: Mapping[str, str], list_id: int | None = None, segment_id: int | None = None) -> Search:
    """What `?q=`, `?tag=`, `?field=` and `?sort=` ask for, on a list or in a segment (which the caller has looked up)."""

    def text(name: str, longest: int) -> str:
        return values.get(name, "").replace("\0", "").strip()[:longest]

    sort = text("sort", 20)
    known = sort if sort.removeprefix("-") in SORTS else NEWEST
    return Search(
        text("q", 200), text("tag", LONGEST_TAG), list_id, known, segment_id, text("field", LONGEST_FIELD_NAME)
    )


def words_of(q: str) -> str:
    """As much of what was typed as is looked for: its words, as `leads.terms` cuts them; as it is where it has none."""
    return " ".join(WORD.findall(unicodedata.normalize("NFKC", q))[:MOST_WORDS]) or q.replace("\0", "").strip()


def with_words(organisation: Organisation, words: str) -> Q:
    """Having a word that begins like each of `words`. The index would first gather everybody for each of them: the long ones
    are for the index, and whoever it finds is looked at for the short ones (`IS TRUE` keeps those from it)."""

    def having(some: list[str]) -> Matches:
        return Matches(F("terms"), HasWords(Value(organisation.pk), Value(" ".join(some))))

    all_words = words.split()
    long = [word for word in all_words if len(word) > SHORT] or all_words
    short = [word for word in all_words if word not in long]
    return Q(having(long)) & (Q(IsTrue(having(short))) if short else Q())


def search_leads(organisation: Organisation, q: str = "", list_id: int | None = None, tag: str = "") -> QuerySet[Lead]:
    """The organisation's leads with a word in name, company or address that begins like each word of `q`, accents and
    case aside; on a list, with a tag."""
    leads = Lead.objects.filter(organisation=organisation)
    if words := words_of(q):
        leads = leads.filter(with_words(organisation, words))
    if list_id is not None:
        leads = leads.filter(entries__lead_list=list_id)
    if tag:
        leads = leads.filter(tags__contains=[tag.replace("\0", "")])
    return leads


def matching(organisation: Organisation, search: Search) -> QuerySet[Lead]:
    """What a search finds, in no order. Raises BadRules where its segment does not hold any more."""
    leads = search_leads(organisation, search.q, search.list_id, search.tag)
    if search.segment_id is not None:
        leads = leads.filter(in_segment(organisation, search.segment_id))
    if search.field:
        leads = leads.filter(fields__has_key=search.field)
    return leads


def with_suppression(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """The same leads, each with `suppressed`: why it is not mailed (a SuppressionReason), or None."""
    return leads.annotate(suppressed=WhySuppressed())
