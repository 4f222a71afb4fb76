"""The tokens of a sender that was connected by consent: sealed in its grant, renewed in time, taken back at the end."""

import logging
import time
from datetime import UTC, datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from senders.connecting.providers import PROVIDERS
from senders.models import Grant, Sender
from senders.transports.base import ConnectError, Disconnected, Throttled
from senders.transports.oauth import Granted, GrantRefused, ProviderAway, Tokens
from senders.vault import Secret, VaultError, seal, unseal

log = logging.getLogger(__name__)

# A token is renewed so long before its end: longer than a request may take (seconds).
AHEAD_SECONDS = 300.0
AWAY_SECONDS = 60.0


def grant_row(sender: int) -> str:
    """The row's name under which a sender's tokens are sealed."""
    return f"senders.grant:{sender}:secret"


def sealed(sender: int, tokens: Tokens) -> bytes:
    return seal(tokens.to_text().reveal(), grant_row(sender))


def tokens_of(grant: Grant) -> Tokens:
    """Raises VaultError."""
    return Tokens.from_text(unseal(bytes(grant.secret), grant_row(grant.sender_id)))


def moment(posix: float) -> datetime:
    return datetime.fromtimestamp(posix, UTC)


def store_grant(sender: Sender, granted: Granted) -> None:
    """Keep what a person allowed, in place of what they allowed before."""
    values = {
        "organisation_id": sender.organisation_id,
        "secret": sealed(sender.pk, granted.tokens),
        "scopes": " ".join(granted.scopes),
        "expires_at": moment(granted.tokens.expires_at),
        "granted_at": timezone.now(),
    }
    Grant.objects.update_or_create(sender=sender, defaults=values)


class GrantTokens:
    """A sender's access token, for one connection (`senders.transports.base.AccessTokens`)."""

    def __init__(self, sender: int, kind: str) -> None:
        self.sender = sender
        self.kind = kind
        self.held: Tokens | None = None

    def access(self, stale: Secret | None = None) -> Secret:
        """A token that is good for some minutes, and not `stale`; raises ConnectError. Only a renewal costs more than
        a look at the clock.
        """
        if self.held is None or not is_good(self.held, stale):
            try:
                self.held = current_tokens(self.sender, self.kind, stale)
            except (GrantRefused, VaultError) as error:
                raise ConnectError(Disconnected(f"{error} Connect the mailbox again.")) from error
            except Grant.DoesNotExist as error:
                raise ConnectError(Disconnected("This mailbox is not connected. Connect it again.")) from error
            except ProviderAway as error:
                raise ConnectError(Throttled(str(error), AWAY_SECONDS)) from error
            except DatabaseError as error:  # nothing is half done: no mail is on its way while a token is looked for
                raise ConnectError(Throttled("The database is away.", AWAY_SECONDS)) from error
        return self.held.access


def is_good(tokens: Tokens, stale: Secret | None) -> bool:
    return tokens.access != stale and tokens.expires_at - AHEAD_SECONDS > time.time()


def current_tokens(sender: int, kind: str, stale: Secret | None) -> Tokens:
    """The stored tokens, renewed where they are about to end or the provider refuses them.

    The row is locked meanwhile: whoever comes second waits, and finds the first one's tokens. Two renewals at once would
    each leave the other's refresh token behind.
    """
    with transaction.atomic():
        grant = Grant.objects.select_for_update().get(sender_id=sender)
        tokens = tokens_of(grant)
        if is_good(tokens, stale):
            return tokens
        renewed = PROVIDERS[kind].refresh(tokens)
        Grant.objects.filter(pk=grant.pk).update(secret=sealed(sender, renewed), expires_at=moment(renewed.expires_at))
    return renewed


def end_grant(sender: Sender) -> str:
    """Delete the sender's tokens and take its grant back; what a person must do themselves, in a sentence."""
    grant = Grant.objects.filter(sender=sender).first()
    if grant is None:
        return ""
    left = take_back(grant, sender.kind, sender.address)
    grant.delete()
    return left


def take_back(grant: Grant, kind: str, address: str) -> str:
    """Take a grant back at the provider, over the network; its sender may be deleted already. As `end_grant`."""
    provider = PROVIDERS[kind]
    left = f"To take back what you allowed at {provider.company}, remove eCRM at {provider.manage_url}."
    try:
        # The provider knows one grant for the address, whoever holds it: taken back, it would end the other sender too.
        if provider.revokes and not held_elsewhere(grant.sender_id, kind, address):
            provider.revoke(tokens_of(grant))
            left = ""
    except (ProviderAway, GrantRefused, VaultError) as error:
        log.warning("The grant of sender %d could not be taken back: %s", grant.sender_id, error)
    return left


def held_elsewhere(sender: int, kind: str, address: str) -> bool:
    """Whether another sender, of any organisation, lives by the same person's grant."""
    others = Grant.objects.filter(sender__kind=kind, sender__address__iexact=address)
    return others.exclude(sender_id=sender).exists()
