"""Who is never mailed again. Addresses are known by a keyed hash, so that an erased person stays suppressed unknown.

An entry has one reason. A member may take it back where it was a member's or a server's word (`REVERSIBLE`), or where
the person who unsubscribed asks for mail again; a complaint and an erasure stay.
"""

import hmac
from collections.abc import Iterable

from django.conf import settings

from accounts.models import Organisation
from leads.addresses import normalise_email
from leads.models import Lead, Suppression, SuppressionReason

REVERSIBLE = frozenset({SuppressionReason.MANUAL, SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED})


class KeptSuppression(Exception):
    """This address stays suppressed; the text says why."""


def digest(email_key: str) -> bytes:
    """HMAC-SHA256 of a normalised address (`leads.addresses`): without the key, nobody can try addresses against it."""
    return hmac.digest(settings.SUPPRESSION_KEY, email_key.encode(), "sha256")


def suppress(organisation: Organisation, email: str, reason: SuppressionReason, source: str) -> Suppression:
    """Suppress an address; what is suppressed already stays as it is. Raises BadAddress."""
    address = normalise_email(email)
    entry, _ = Suppression.objects.get_or_create(
        organisation=organisation,
        digest=digest(address.key),
        defaults={"address": address.email, "reason": reason, "source": source[:300]},
    )
    return entry


def forget(leads: Iterable[Lead]) -> None:
    """Suppress these leads' addresses as erased, keeping the digests alone, whatever was known about them before."""
    Suppression.objects.bulk_create(
        [
            Suppression(
                organisation_id=lead.organisation_id,
                digest=bytes(lead.digest),
                reason=SuppressionReason.ERASED,
                source="erased",
            )
            for lead in leads
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


def suppressed_digests(organisation: Organisation, digests: Iterable[bytes]) -> set[bytes]:
    """Which of these are suppressed."""
    found = Suppression.objects.filter(organisation=organisation, digest__in=list(digests))
    return {bytes(value) for value in found.values_list("digest", flat=True)}


def erased_digests(organisation: Organisation, digests: Iterable[bytes]) -> set[bytes]:
    """Which of these belong to erased people, who must not become leads again (promise p18)."""
    found = Suppression.objects.filter(
        organisation=organisation, reason=SuppressionReason.ERASED, digest__in=list(digests)
    )
    return {bytes(value) for value in found.values_list("digest", flat=True)}
