"""Who is never mailed again. Addresses are known by a keyed hash, so that an erased person stays suppressed unknown."""

import hmac
from collections.abc import Iterable

from django.conf import settings

from accounts.models import Organisation
from leads.addresses import normalise_email
from leads.models import Suppression, SuppressionReason


def digest(email_key: str) -> bytes:
    """HMAC-SHA256 of a normalised address (`leads.addresses`): without the key, nobody can try addresses against it."""
    return hmac.digest(settings.SUPPRESSION_KEY, email_key.encode(), "sha256")


def suppress(
    organisation: Organisation, email: str, reason: SuppressionReason, source: str, *, keep_address: bool = True
) -> Suppression:
    """Suppress an address; what is suppressed already stays as it is, but for an erasure, which forgets the address."""
    address = normalise_email(email)
    entry, created = Suppression.objects.get_or_create(
        organisation=organisation,
        digest=digest(address.key),
        defaults={"address": address.email if keep_address else "", "reason": reason, "source": source[:300]},
    )
    if not created and not keep_address and entry.address:
        entry.address = ""
        entry.save(update_fields=["address"])
    return entry


def unsuppress(organisation: Organisation, pk: int) -> bool:
    """Let an address be mailed again; whether there was such an entry."""
    deleted, _ = Suppression.objects.filter(organisation=organisation, pk=pk).delete()
    return bool(deleted)


def is_suppressed(organisation: Organisation, email_key: str) -> bool:
    return Suppression.objects.filter(organisation=organisation, digest=digest(email_key)).exists()


def suppressed_digests(organisation: Organisation, digests: Iterable[bytes]) -> set[bytes]:
    """Which of these are suppressed."""
    found = Suppression.objects.filter(organisation=organisation, digest__in=list(digests))
    return {bytes(value) for value in found.values_list("digest", flat=True)}
