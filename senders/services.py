"""What people do with senders, one function each; pages and API call these."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organisation, User
from senders.connecting.grants import GrantTokens, take_back
from senders.models import Grant, Kind, Sender, SenderState
from senders.transports.base import Mailbox
from senders.vault import seal, unseal

# Apps above tell here why a sender may not be deleted (a running campaign uses it): sender → a sentence, or None.
DELETION_GUARDS: list[Callable[[Sender], str | None]] = []
# And how many mails each sender (by primary key) sent in the last 24 hours.
USAGE: list[Callable[[list[int]], dict[int, int]]] = []

CONNECTION = ("host", "port", "security", "username")
# How it presents itself, what it may send, and when it pauses by itself.
MANNERS = ("name", "reply_address", "signature", "dkim_selector")
PACE = ("daily_limit", "gap_seconds", "connections", "window", "ramp_start", "ramp_step", "ramp_ceiling")
HEALTH = ("bounce_limit", "complaint_limit")
FIELDS = (*MANNERS, "address", *CONNECTION, *PACE, *HEALTH)


class SenderError(Exception):
    """What was asked cannot be done; its text says why, `field` where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def secret_row(sender: Sender) -> str:
    """The row's name under which its secret is sealed."""
    return f"senders.sender:{sender.pk}:secret"


def save_sender(sender: Sender, values: Mapping[str, Any]) -> Sender:
    """Set `values` and save; raises SenderError.

    `password` is sealed, and left alone where it is empty; without a user name none is kept.
    """
    known = [name for name in FIELDS if name in values]
    for name in known:
        setattr(sender, name, values[name])
    if "ramp_start" in known:
        known.append("ramp_started_at")
        begun = sender.ramp_started_at or timezone.now()
        sender.ramp_started_at = None if sender.ramp_start is None else begun
    try:
        with transaction.atomic():
            # Only these columns: state, lease and slot are the engine's, which may be writing them now.
            sender.save(update_fields=None if sender._state.adding else known)
            save_secret(sender, values)
    except IntegrityError as error:
        raise SenderError(f"{sender.address} is connected through this server already.", "address") from error
    return sender


def save_secret(sender: Sender, values: Mapping[str, Any]) -> None:
    if not sender.username:
        secret = None
    elif password := values.get("password"):
        secret = seal(password, secret_row(sender))
    else:
        return
    sender.secret = secret
    sender.save(update_fields=["secret"])


def create_sender(organisation: Organisation, by: User | None, values: Mapping[str, Any]) -> Sender:
    return save_sender(Sender(organisation=organisation, created_by=by, kind=Kind.SMTP), values)


def update_sender(sender: Sender, values: Mapping[str, Any]) -> Sender:
    """Change a sender; one that waited for new credentials or another server and got them is tried again."""
    before = Sender.objects.filter(pk=sender.pk).values(*CONNECTION).get()
    save_sender(sender, values)
    changed = any(name in values and values[name] != before[name] for name in CONNECTION)
    if changed or values.get("password"):
        # What the last check said was said of the old ones.
        Sender.objects.filter(pk=sender.pk).update(checked_at=None, check_ok=None, check_detail="")
        reconnect(sender)
    return sender


def reconnect(sender: Sender) -> None:
    """Let a sender send again where it was disconnected."""
    Sender.objects.filter(pk=sender.pk, state=SenderState.DISCONNECTED).update(
        state=SenderState.ACTIVE, state_reason="", last_error=""
    )
    sender.refresh_from_db()


def delete_sender(sender: Sender) -> str:
    """Delete a sender, its secret and its grant; raises SenderError where something still needs it.

    Returns what a person must do at the provider themselves, as a sentence; empty where nothing is left to do.
    """
    kind, address = sender.kind, sender.address
    with transaction.atomic():
        # Whoever starts a campaign holds its senders until it runs: then a guard sees it.
        Sender.objects.select_for_update().filter(pk=sender.pk).first()
        for guard in DELETION_GUARDS:
            if reason := guard(sender):
                raise SenderError(reason)
        grant = Grant.objects.filter(sender=sender).first()
        sender.delete()
    # Over the network, so that no row is locked meanwhile.
    return take_back(grant, kind, address) if grant else ""


def pause_sender(sender: Sender) -> bool:
    """Let a sender rest; whether it was active."""
    moved = Sender.objects.filter(pk=sender.pk, state=SenderState.ACTIVE).update(
        state=SenderState.PAUSED, state_reason="Paused by hand."
    )
    return bool(moved)


def resume_sender(sender: Sender) -> bool:
    """Let a paused sender send again; whether it was paused.

    One that had paused by itself gets a fresh start: the mails before do not count against it any more.
    """
    begins = Case(When(held_at__isnull=False, then=Now()), default="health_since")
    moved = Sender.objects.filter(pk=sender.pk, state=SenderState.PAUSED).update(
        state=SenderState.ACTIVE, state_reason="", health_since=begins, held_at=None, notice_due=False
    )
    return bool(moved)


def search(senders: QuerySet[Sender, Sender], query: str) -> QuerySet[Sender, Sender]:
    """Those whose name, address or host contains `query`."""
    return senders.filter(Q(name__icontains=query) | Q(address__icontains=query) | Q(host__icontains=query))


def mailbox_of(sender: Sender) -> Mailbox:
    """The sender with its secret opened; raises `vault.VaultError`. Keep it no longer than the connection."""
    return Mailbox(
        sender_id=sender.pk,
        kind=sender.kind,
        address=sender.address,
        name=sender.name,
        host=sender.host,
        port=sender.port,
        security=sender.security,
        username=sender.username,
        secret=unseal(bytes(sender.secret), secret_row(sender)) if sender.secret else None,
        tokens=None if sender.kind == Kind.SMTP else GrantTokens(sender.pk, sender.kind),
    )


def usage(senders: list[int]) -> dict[int, int]:
    """Mails of the last 24 hours by sender, as the apps above count them."""
    totals = dict.fromkeys(senders, 0)
    for count in USAGE:
        for sender, number in count(senders).items():
            totals[sender] += number
    return totals
