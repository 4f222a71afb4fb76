"""Who is never mailed again. Addresses are known by a keyed hash, so that an erased person stays suppressed unknown.

An entry has one reason, the strongest that was given (`RANKS`). A member may take it back where it was a member's or a
server's word (`REVERSIBLE`), or where the person who unsubscribed asks for mail again; a complaint and an erasure stay.
An entry for a domain, which nobody but a member makes, covers the domains below it too, and may always be taken back.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Q

from accounts.models import Organisation, User
from leads.addresses import normalise_email
from leads.domains import domains_of, normalise_domain
from leads.models import FormerAddress, Lead, Suppression, SuppressionReason

# From the weakest: a later word replaces a weaker one, and never a stronger one.
RANKS = (
    SuppressionReason.MANUAL,
    SuppressionReason.BOUNCED,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.ERASED,
)
LONGEST_SOURCE = 300
REVERSIBLE = frozenset({SuppressionReason.MANUAL, SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED})

# In the order of the digests, so that two of these never wait for each other in a circle.
SUPPRESS = """
INSERT INTO leads_suppression AS known (organisation_id, digest, address, domain, reason, source, created_by_id, created_at)
SELECT %(organisation)s, digest, address, domain, reason, source, %(by)s, statement_timestamp()
FROM unnest(%(digests)s::bytea[], %(addresses)s::text[], %(domains)s::text[], %(reasons)s::text[], %(sources)s::text[])
    AS given (digest, address, domain, reason, source) ORDER BY digest
ON CONFLICT (organisation_id, digest) DO UPDATE SET
    reason = excluded.reason, source = excluded.source, created_by_id = excluded.created_by_id,
    address = CASE known.address WHEN '' THEN excluded.address ELSE known.address END
WHERE array_position(%(ranks)s::text[], known.reason::text) < array_position(%(ranks)s::text[], excluded.reason::text)
RETURNING xmax = 0
"""


class KeptSuppression(Exception):
    """This address stays suppressed; the text says why."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be suppressed, and why: an address, empty where it is not to be kept, or a domain."""

    digest: bytes
    address: str = ""
    domain: str = ""
    reason: SuppressionReason = SuppressionReason.MANUAL
    source: str = ""  # where it differs from that of the others


def digest(email_key: str) -> bytes:
    """HMAC-SHA256 of a normalised address (`leads.addresses`): without the key, nobody can try addresses against it."""
    return hmac.digest(settings.SUPPRESSION_KEY, email_key.encode(), "sha256")


def domain_digest(domain: str) -> bytes:
    """The digest of a domain's entry, which is no address's: none begins with an @."""
    return digest(f"@{domain}")


def given(text: str, reason: SuppressionReason = SuppressionReason.MANUAL) -> Given:
    """What `a@b.example`, `b.example`, `@b.example` or `*@b.example` asks for; raises BadAddress."""
    text = text.strip()
    if "@" in text.removeprefix("*").removeprefix("@"):
        address = normalise_email(text)
        return Given(digest(address.key), address.email, reason=reason)
    domain = normalise_domain(text)
    return Given(domain_digest(domain), domain=domain, reason=reason)


def suppress(
    organisation: Organisation, text: str, reason: SuppressionReason, source: str, by: User | None = None
) -> Suppression:
    """Suppress an address or a domain; a stronger reason that is known already stays. Raises BadAddress."""
    wanted = given(text, reason)
    put(organisation.pk, [wanted], source, by)
    return Suppression.objects.get(organisation=organisation, digest=wanted.digest)


def suppress_lead(
    lead: Lead, reason: SuppressionReason, source: str, *, by: User | None = None, formerly: bool = False
) -> None:
    """Suppress a lead's address, and with `formerly` all that it had before: who says so may have been mailed there."""
    own = Given(bytes(lead.digest), lead.email, reason=reason)
    former = former_digests([lead]) - {own.digest} if formerly else set()
    put(lead.organisation_id, [own, *(Given(value, reason=reason) for value in former)], source, by)


def put(organisation: int, wanted: Iterable[Given], source: str, by: User | None = None) -> int:
    """Suppress these, and return how many were not suppressed before. What is known already changes as RANKS says."""
    strongest_last = sorted(wanted, key=lambda one: RANKS.index(one.reason))
    once = {one.digest: one for one in strongest_last}
    values: dict[str, int | str | list[bytes] | list[str] | None] = {
        "organisation": organisation,
        "digests": list(once),
        "addresses": [one.address for one in once.values()],
        "domains": [one.domain for one in once.values()],
        "reasons": [one.reason.value for one in once.values()],
        "sources": [(one.source or source)[:LONGEST_SOURCE] for one in once.values()],
        "by": by.pk if by else None,
        "ranks": [rank.value for rank in RANKS],
    }
    with connection.cursor() as cursor:
        cursor.execute(SUPPRESS, values)
        return sum(new for (new,) in cursor.fetchall())


def former_digests(leads: Iterable[Lead]) -> set[bytes]:
    """The digests of all addresses that these leads had before."""
    found = FormerAddress.objects.filter(lead__in=[lead.pk for lead in leads])
    return {bytes(value) for value in found.values_list("digest", flat=True)}


def forget(leads: Iterable[Lead]) -> None:
    """Suppress these leads' addresses as erased, keeping the digests alone, whatever was known about them before.

    Their former addresses too, unless another lead has one now: that is somebody else.
    """
    leads = list(leads)
    chosen = {(lead.organisation_id, bytes(lead.digest)) for lead in leads}
    for organisation in {lead.organisation_id for lead in leads}:
        former = former_digests(lead for lead in leads if lead.organisation_id == organisation)
        others = Lead.objects.filter(organisation=organisation, digest__in=former)
        theirs = {bytes(value) for value in others.values_list("digest", flat=True)}
        chosen |= {(organisation, value) for value in former - theirs}
    Suppression.objects.bulk_create(
        [
            Suppression(organisation_id=organisation, digest=value, reason=SuppressionReason.ERASED, source="erased")
            for organisation, value in sorted(chosen)
        ],
        update_conflicts=True,
        unique_fields=["organisation", "digest"],
        update_fields=["address", "reason", "source", "created_by"],
    )


def unsuppress(entry: Suppression) -> None:
    """Let an address or a domain be mailed again; raises KeptSuppression unless its reason is one of REVERSIBLE."""
    # Deleted by what it is now: it may have become an erasure since it was read.
    Suppression.objects.filter(~Q(domain="") | Q(reason__in=REVERSIBLE), pk=entry.pk).delete()
    if kept := Suppression.objects.filter(pk=entry.pk).first():
        what = "complained about a mail" if kept.reason == SuppressionReason.COMPLAINED else "was erased"
        raise KeptSuppression(f"This person {what}, and is never mailed again.")


def unsuppress_lead(lead: Lead) -> None:
    """Take back the entry for a lead's address; raises KeptSuppression where it stays, or its domain is on the list."""
    if entry := entry_of(lead):
        unsuppress(entry)
    if above := suppression_of(lead):
        raise KeptSuppression(f"Nobody at {above.name} is mailed, as long as that stands on the suppression list.")


def entry_of(lead: Lead) -> Suppression | None:
    """The entry for a lead's own address."""
    return Suppression.objects.filter(organisation=lead.organisation_id, digest=bytes(lead.digest)).first()


def suppression_of(lead: Lead) -> Suppression | None:
    """Why a lead is not mailed, the entry for its address before one for its domain; None where it is."""
    return covering(lead.organisation_id, bytes(lead.digest), lead.email_key)


def is_suppressed(organisation: Organisation, email_key: str) -> bool:
    return covering(organisation.pk, digest(email_key), email_key) is not None


def covering(organisation: int, key: bytes, email_key: str) -> Suppression | None:
    """The nearest entry for an address."""
    about = Q(digest=key) | Q(domain__in=domains_of(email_key))
    found = Suppression.objects.filter(about, organisation=organisation)
    return max(found, key=lambda entry: (not entry.domain, len(entry.domain)), default=None)


def erased_digests(organisation: Organisation, digests: Iterable[bytes]) -> set[bytes]:
    """Which of these belong to erased people, who must not become leads again (promise p18)."""
    found = Suppression.objects.filter(
        organisation=organisation, reason=SuppressionReason.ERASED, digest__in=list(digests)
    )
    return {bytes(value) for value in found.values_list("digest", flat=True)}
