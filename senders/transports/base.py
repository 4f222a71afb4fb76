"""What every transport speaks: a mailbox, a mail to send, and what may come of it."""

import math
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

from senders.vault import Secret

if TYPE_CHECKING:
    from senders.transports.sending import Steps


class AccessTokens(Protocol):
    """Where a mailbox that was connected by consent gets its access token from."""

    def access(self, stale: Secret | None = None) -> Secret:
        """A token that is good for some minutes, and not `stale`, which the provider refused; raises ConnectError."""
        ...


@dataclass(frozen=True)
class Mailbox:
    """A sender with its secret opened, for as long as the connection needs it; `tokens` in place of one where it was
    connected by consent.
    """

    sender_id: int
    kind: str
    address: str
    name: str
    host: str
    port: int
    security: str
    username: str
    secret: Secret | None
    tokens: AccessTokens | None = None
    # When all of a conversation must be over (of the monotonic clock), where a person waits for it.
    deadline: float = math.inf


@dataclass(frozen=True)
class Outgoing:
    """A complete mail: `data` is MIME with CRLF line ends; `message_id` is our row, 0 for a test mail; `thread` is the
    conversation at the provider that it goes on with, where it knows such a thing.
    """

    message_id: int
    envelope_from: str
    recipient: str
    data: bytes
    thread: str = ""


@dataclass(frozen=True)
class Sent:
    """The server took it."""

    provider_id: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Rejected:
    """Refused for this recipient, for good."""

    reason: str


@dataclass(frozen=True)
class Deferred:
    """Not now: the server asked to wait (seconds), or the connection never got to the end of the data."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Throttled:
    """This sender must rest for a while (seconds), whoever the recipient; `connecting`: no mail had been named yet."""

    reason: str
    retry_after: float = 60.0
    connecting: bool = False


@dataclass(frozen=True)
class Disconnected:
    """A person must reconnect this sender: its credentials or its permission are refused."""

    reason: str


@dataclass(frozen=True)
class Unanswered:
    """The mail went out whole and no answer came back: it may or may not have been taken (RFC 1047)."""

    reason: str


Outcome: TypeAlias = Sent | Rejected | Deferred | Throttled | Disconnected | Unanswered


class ConnectError(Exception):
    """No connection, for the whole sender: `outcome` says what follows."""

    def __init__(self, outcome: Throttled | Disconnected) -> None:
        super().__init__(outcome.reason)
        self.outcome = replace(outcome, connecting=True) if isinstance(outcome, Throttled) else outcome


class Connection(Protocol):
    """An open way to a mail server, for one thread. `send` never raises for what a server or a network may do; nor does
    `sending`, which is the same in steps (`sending.Steps`), its answers coming in at `fileno`. Where it `names_ahead`, it
    tells the server who gets the `following` mail while this one is on its way, and nothing of what is in it.
    """

    @property
    def names_ahead(self) -> bool: ...

    def send(self, outgoing: Outgoing) -> Outcome: ...

    def sending(self, outgoing: Outgoing, following: Outgoing | None = None) -> "Steps": ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
