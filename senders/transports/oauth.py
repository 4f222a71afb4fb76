"""What the mailboxes that are connected by consent share: tokens, and what each provider must be able to do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from senders.vault import Secret

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Tokens:
    """`access` opens the provider's API until `expires_at` (POSIX time), `refresh` gets the next one."""

    refresh: Secret
    access: Secret
    expires_at: float

    def to_text(self) -> Secret:
        """What the vault seals."""
        return Secret(json.dumps([self.refresh.reveal(), self.access.reveal(), self.expires_at]))

    @classmethod
    def from_text(cls, text: Secret) -> "Tokens":
        refresh, access, expires_at = json.loads(text.reveal())
        return cls(Secret(refresh), Secret(access), float(expires_at))


@dataclass(frozen=True)
class Consent:
    """Where to send the person, and what to remember until they are back (to be sealed: it holds the PKCE verifier)."""

    url: str
    memory: Mapping[str, Any]


@dataclass(frozen=True)
class Granted:
    """What a person allowed: the mailbox's address as the provider vouches for it, and the scopes they left ticked."""

    address: str
    scopes: tuple[str, ...]
    tokens: Tokens


class GrantRefused(Exception):
    """The provider does not honour the grant (any more): a person must connect again. Its text says why."""


class NotAllowed(GrantRefused):
    """The person came back without allowing what sending needs."""


class ProviderAway(Exception):
    """The provider did not answer, or has trouble of its own: later."""


class Provider(Protocol):
    """One company whose mailboxes are connected by consent. Its methods raise GrantRefused and ProviderAway, no more."""

    kind: str
    label: str  # of its mailboxes: "Gmail"
    company: str
    scopes: tuple[str, ...]
    manage_url: str  # where people see, and take back, what they allowed
    revokes: bool  # whether we can take a grant back ourselves

    def missing(self) -> list[str]:
        """The settings that an operator has yet to set; empty where mailboxes can be connected."""
        ...

    def begin(self, state: str, login_hint: str) -> Consent:
        """The consent page for a fresh attempt named `state`."""
        ...

    def finish(self, memory: Mapping[str, Any], code: str, state: str) -> Granted:
        """Exchange the code that the person came back with; raises NotAllowed where sending was not allowed."""
        ...

    def refresh(self, tokens: Tokens) -> Tokens: ...

    def revoke(self, tokens: Tokens) -> None:
        """Take the grant back, where `revokes`. A grant that is gone already is no error."""
        ...


def callback_url() -> str:
    """Where people come back to: registered with both providers."""
    return f"{settings.PUBLIC_URL}/oauth/callback/"


def reason_of(error: object) -> str:
    """A provider's words, for a page: one line, not long."""
    return " ".join(str(error).split())[:300]


class Session(requests.Session):
    """For tokens, not for mail: it trusts the development servers' certificates, has a timeout, and tries twice."""

    def __init__(self) -> None:
        super().__init__()
        # A connection that nobody takes is tried again; what was sent is not.
        self.mount("https://", HTTPAdapter(max_retries=1))

    def request(self, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = TIMEOUT_SECONDS  # google-auth would wait for two minutes
        if settings.OAUTH_CA_FILE:  # said here, since a session's own `verify` gives way to the environment
            options["verify"] = settings.OAUTH_CA_FILE
        return super().request(*args, **options)
