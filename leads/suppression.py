"""Who is never mailed again. Addresses are known by a keyed hash, so that an erased person stays suppressed unknown.

An entry has one reason, the strongest that was given (`RANKS`). A member may take it back where it was a member's or a
server's word (`REVERSIBLE`), or where the person who unsubscribed asks for mail again; a complaint and an erasure stay.
"""

import hmac
from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db import connection

from accounts.models import Organisation
from leads.addresses import normalise_email
from leads.models import FormerAddress, Lead, Suppression, SuppressionReason

# From the weakest: a later word replaces a weaker one, and never a stronger one.
RANKS = (
    SuppressionReason.MANUAL,
    SuppressionReason.BOUNCED,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.ERASED,
)
REVERSIBLE = frozenset({SuppressionReason.MANUAL, SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED})

# In the order of the digests, so that two of these never wait for each other in a circle.
SUPPRESS = """
INSERT INTO leads_suppression AS known (organisation_id, digest, address, reason, source, created_at)
SELECT %(organisation)s, digest, address, %(reason)s, %(source)s, statement_timestamp()
FROM unnest(%(digests)s::bytea[], %(addresses)s::text[]) AS given (digest, address) ORDER BY digest
ON CONFLICT (organisation_id, digest) DO UPDATE SET
    reason = excluded.reason, source = excluded.source,
    address = CASE known.address WHEN '' THEN excluded.address ELSE known.address END
WHERE array_position(%(ranks)s::text[], known.reason::text) < array_position(%(ranks)s::text[], excluded.reason::text)
"""


class KeptSuppression(Exception):
    """This address stays suppressed; the text says why."""


def digest(email_key: str) -> bytes:
    """HMAC-SHA256 of a normalised address (`leads.addresses`): without the key, nobody can try addresses against it."""
    return hmac.digest(settings.SUPPRESSION_KEY, email_key.encode(), "sha256")


def suppress(organisation: Organisation, email: str, reason: SuppressionReason, source: str) -> Suppression:
    """Suppress an address; a stronger reason that is known already stays. Raises BadAddress."""
    address = normalise_email(email)
    key = digest(address.key)
    put(organisation.pk, {key: address.email}, reason, source)
    return Suppression.objects.get(organisation=organisation, digest=key)


def suppress_lead(lead: Lead, reason: SuppressionReason, source: str, *, formerly: bool = False) -> None:
    """Suppress a lead's address, and with `formerly` all that it had before: who says so may have been mailed there."""
    known = dict.fromkeys(former_digests([lead]), "") if formerly else {}
    put(lead.organisation_id, known | {bytes(lead.digest): lead.email}, reason, source)


def put(organisation: int, addresses: Mapping[bytes, str], reason: SuppressionReason, source: str) -> None:
    """Suppress these addresses, by digest; an empty one is not kept. What is known already changes as RANKS says."""
    with connection.cursor() as cursor:
        cursor.execute(
            SUPPRESS,
            {
                "organisation": organisation,
                "digests": list(addresses),
                "addresses": list(addresses.values()),
                "reason": reason.value,
                "source": source[:300],
                "ranks": [rank.value for rank in RANKS],
            },
        )


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
        update_fields=["address", "reason", "source"],
    )


def unsuppress(entry: Suppression) -> None:
    """Let an address be mailed again; raises KeptSuppression unless its reason is one of REVERSIBLE."""
    # Deleted by what it is now: it may have become an erasure since it was read.
    Suppression.objects.filter(pk=entry.pk, reason__in=REVERSIBLE).delete()
    if kept := Suppression.objects.filter(pk=entry.pk).first():
        what = "complained about a mail" if kept.reason == SuppressionReason.COMPLAINED else "was erased"
        raise KeptSuppression(f"This person {what}, and is never mailed again.")


def suppression_of(lead: Lead) -> Suppression | None:
    """Why a lead is not mailed; None where it is."""
    return Suppression.objects.filter(organisation=lead.organisation_id, digest=bytes(lead.digest)).first()


def is_suppressed(organisation: Organisation, email_key: str) -> bool:
    return Suppression.objects.filter(organisation=organisation, digest=digest(email_key)).exists()


def erased_digests(organisation: Organisation, digests: Iterable[bytes]) -> set[bytes]:
    """Which of these belong to erased people, who must not become leads again (promise p18)."""
    found = Suppression.objects.filter(
        organisation=organisation, reason=SuppressionReason.ERASED, digest__in=list(digests)
    )
    return {bytes(value) for value in found.values_list("digest", flat=True)}
