"""The suppression list as people look through it: searched, narrowed, sorted; and how an entry is shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex

from accounts.models import Organisation
from leads.addresses import BadAddress, normalise_email
from leads.domains import normalise_domain
from leads.models import Suppression, SuppressionReason
from leads.models.suppression import NAME
from leads.suppression import REVERSIBLE, digest

ADDRESS, DOMAIN, HASH = "address", "domain", "hash"
KINDS = {ADDRESS: "Addresses", DOMAIN: "Domains", HASH: "Kept as a hash"}
OF_KIND = {ADDRESS: ~Q(address=""), DOMAIN: ~Q(domain=""), HASH: Q(address="", domain="")}
REASONS = {
    SuppressionReason.UNSUBSCRIBED: "Unsubscribed",
    SuppressionReason.BOUNCED: "Bounced",
    SuppressionReason.COMPLAINED: "Complained",
    SuppressionReason.MANUAL: "Do not mail",
    SuppressionReason.ERASED: "Erased",
}
NEWEST = "-added"
# In the order of an index each.
SORTS = {"name": (NAME, F("pk")), "added": (F("pk"),)}
LONGEST_QUERY = 320


@dataclass(frozen=True)
class Filter:
    """A part of a name, a reason, a kind, and an order: a key of SORTS, perhaps with a minus in front."""

    q: str = ""
    reason: str = ""
    kind: str = ""
    sort: str = NEWEST

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.reason or self.kind)


def read_filter(values: Mapping[str, str]) -> Filter:
    """What `?q=`, `?reason=`, `?kind=` and `?sort=` ask for; what they cannot is left out."""
    sort = values.get("sort", "")
    reason, kind = values.get("reason", ""), values.get("kind", "")
    return Filter(
        values.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY],
        reason if reason in REASONS else "",
        kind if kind in KINDS else "",
        sort if sort.removeprefix("-") in SORTS else NEWEST,
    )


def matching(organisation: Organisation, wanted: Filter) -> QuerySet[Suppression]:
    """What a filter finds, in no order. A whole address also finds the entry that is kept as its hash alone."""
    found = Suppression.objects.filter(organisation=organisation).select_related("created_by")
    if wanted.q:
        found = found.alias(at=StrIndex(NAME, Value(as_kept(wanted.q)))).filter(
            Q(at__gt=0) | Q(digest=hashed(wanted.q))
        )
    if wanted.reason:
        found = found.filter(reason=wanted.reason)
    return found.filter(OF_KIND[wanted.kind]) if wanted.kind else found


def ordered(entries: QuerySet[Suppression], sort: str) -> QuerySet[Suppression]:
    keys = SORTS[sort.removeprefix("-")]
    return entries.order_by(*(key.desc() if sort.startswith("-") else key.asc() for key in keys))


def as_kept(q: str) -> str:
    """The part of a name as names are kept: a domain in ASCII."""
    if not q.isascii() and "@" not in q:
        try:
            return normalise_domain(q)
        except BadAddress:
            pass
    return q.lower()


def hashed(q: str) -> bytes:
    """The digest of the address that was typed; none where it is only a part of one."""
    try:
        return digest(normalise_email(q).key)
    except BadAddress:
        return b""


def kind_of(entry: Suppression) -> str:
    return DOMAIN if entry.domain else ADDRESS if entry.address else HASH


def is_removable(entry: Suppression) -> bool:
    return bool(entry.domain) or entry.reason in REVERSIBLE


def whence(entry: Suppression) -> str:
    """Where an entry comes from, and who made it where that is not said with it."""
    name = entry.created_by.name if entry.created_by else ""
    return entry.source if name in entry.source else f"{entry.source}, {name}".strip(", ")
