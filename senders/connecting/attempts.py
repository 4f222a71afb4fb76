"""A way to a consent page and back: known by its `state`, good for ten minutes, used once, and by its person alone."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organisation, User
from senders.models import ConnectAttempt, Sender
from senders.vault import Secret, seal, unseal

LIFE = timedelta(minutes=10)
MOST_AT_ONCE = 20  # of one person


def new_state() -> str:
    return secrets.token_urlsafe(32)


def digest_of(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()


def memory_row(digest: bytes) -> str:
    """The row's name under which its memory is sealed."""
    return f"senders.connectattempt:{digest.hex()}:memory"


def remember(
    user: User, organisation: Organisation, kind: str, state: str, memory: Mapping[str, Any], sender: Sender | None
) -> ConnectAttempt:
    """Keep an attempt, and forget those that came to nothing."""
    forget_old(user)
    digest = digest_of(state)
    return ConnectAttempt.objects.create(
        user=user,
        organisation=organisation,
        kind=kind,
        sender=sender,
        digest=digest,
        memory=seal(json.dumps(memory), memory_row(digest)),
    )


def forget_old(user: User) -> None:
    ConnectAttempt.objects.filter(created_at__lt=timezone.now() - LIFE).delete()
    kept = ConnectAttempt.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True)[: MOST_AT_ONCE - 1]
    ConnectAttempt.objects.filter(user=user).exclude(pk__in=list(kept)).delete()


def find(user: User, state: str) -> ConnectAttempt | None:
    """This person's attempt of that state, while it is good."""
    fresh = ConnectAttempt.objects.filter(user=user, created_at__gte=timezone.now() - LIFE)
    return fresh.select_related("organisation", "sender").filter(digest=digest_of(state)).first()


def use(attempt: ConnectAttempt) -> bool:
    """Use it up; whether we were the ones who did."""
    return ConnectAttempt.objects.filter(pk=attempt.pk).delete()[0] == 1


def memory_of(attempt: ConnectAttempt) -> dict[str, Any]:
    """What was remembered; raises VaultError."""
    found: Secret = unseal(bytes(attempt.memory), memory_row(bytes(attempt.digest)))
    memory: dict[str, Any] = json.loads(found.reveal())
    return memory
