"""What people do to connect a mailbox by consent, and to disconnect it: one function each."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Organisation, Role, User
from senders.connecting import attempts
from senders.connecting.grants import end_grant, store_grant
from senders.connecting.providers import PROVIDERS
from senders.limits import suggested_limit
from senders.models import ConnectAttempt, Sender, SenderState
from senders.transports.oauth import Granted, GrantRefused, Provider, ProviderAway
from senders.vault import VaultError

BY_HAND = "Somebody here gave up its permission."


class ConnectError(Exception):
    """The mailbox was not connected; its text says why and what to do."""


@dataclass(frozen=True)
class Connected:
    sender: Sender
    again: bool  # it was there before


def start_connecting(user: User, organisation: Organisation, kind: str, sender: Sender | None = None) -> str:
    """The URL of the consent page to send the person to; raises ConnectError. `sender`: the one to reconnect."""
    provider = PROVIDERS[kind]
    if missing := provider.missing():
        raise ConnectError(f"{provider.label} is not set up here: the operator must set {' and '.join(missing)}.")
    state = attempts.new_state()
    try:
        consent = provider.begin(state, sender.address if sender else "")
    except ProviderAway as error:
        raise ConnectError(f"{error} Please try again in a few minutes.") from error
    attempts.remember(user, organisation, kind, state, consent.memory, sender)
    return consent.url


def finish_connecting(user: User, state: str, code: str) -> Connected:
    """Turn the code that a person came back with into a connected sender; raises ConnectError. Works once."""
    attempt = attempts.find(user, state)
    if attempt is None or not attempts.use(attempt):
        raise ConnectError(
            "This way back was used already, took longer than ten minutes, or was begun by somebody else."
        )
    if not may_connect(attempt):
        raise ConnectError("You may not change the senders of this organisation any more.")
    provider = PROVIDERS[attempt.kind]
    try:
        granted = provider.finish(attempts.memory_of(attempt), code, state)
    except (GrantRefused, VaultError) as error:
        raise ConnectError(f"{error} Nothing was connected.") from error
    except ProviderAway as error:
        raise ConnectError(f"{error} Nothing was connected; please try again in a few minutes.") from error
    return connect(attempt, provider, granted)


def may_connect(attempt: ConnectAttempt) -> bool:
    """Whether the person still may: roles can change in ten minutes."""
    found = Membership.objects.filter(user_id=attempt.user_id, organisation_id=attempt.organisation_id).first()
    return found is not None and found.may(Role.MANAGER)


def connect(attempt: ConnectAttempt, provider: Provider, granted: Granted) -> Connected:
    """The sender of that address, made or taken up again, with what was granted."""
    if attempt.sender and attempt.sender.address.lower() != granted.address.lower():
        raise ConnectError(
            f"You signed in to {granted.address}, and this sender is {attempt.sender.address}. Nothing was connected: "
            f"try again and choose {attempt.sender.address}, or add the other mailbox as a sender of its own."
        )
    with transaction.atomic():
        # Two answers for one mailbox at the same moment: the second finds the first one's sender.
        Organisation.objects.select_for_update(no_key=True).get(pk=attempt.organisation_id)
        senders = Sender.objects.filter(organisation_id=attempt.organisation_id, kind=provider.kind)
        sender = attempt.sender or senders.filter(address__iexact=granted.address).first()
        made = sender or new_sender(attempt, granted.address)
        store_grant(made, granted)
        revive(made)
    return Connected(made, again=sender is not None)


def new_sender(attempt: ConnectAttempt, address: str) -> Sender:
    sender = Sender(
        organisation_id=attempt.organisation_id,
        created_by_id=attempt.user_id,
        kind=attempt.kind,
        name=attempt.user.name or address,
        address=address,
    )
    sender.daily_limit = suggested_limit(sender)
    sender.save()
    return sender


def revive(sender: Sender) -> None:
    """Let a disconnected sender send again, at once."""
    stopped = Sender.objects.filter(pk=sender.pk, state=SenderState.DISCONNECTED)
    fresh = {"state_reason": "", "last_error": "", "last_error_at": None, "notice_due": False}
    stopped.update(state=SenderState.ACTIVE, next_slot_at=timezone.now(), **fresh)
    sender.refresh_from_db()


def disconnect_sender(sender: Sender) -> str:
    """Take back what was allowed, and stop; the sender and its history stay. What is left to do, in a sentence."""
    left = end_grant(sender)
    Sender.objects.filter(pk=sender.pk).update(state=SenderState.DISCONNECTED, state_reason=BY_HAND)
    sender.refresh_from_db()
    return left
