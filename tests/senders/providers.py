"""Local providers, each with a mailbox that was really connected there, as the contract of transports sees them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accounts.models import Organisation, User
from senders.connecting import flow
from senders.models import Sender
from senders.services import mailbox_of
from senders.transports import connect
from senders.transports.base import Connection
from tests.providers.google import SEND as GMAIL_SEND
from tests.providers.google import GoogleServer
from tests.providers.microsoft import SEND as GRAPH_SEND
from tests.providers.microsoft import MicrosoftServer
from tests.providers.smtp import trust

ConsentServers = GoogleServer | MicrosoftServer


@dataclass
class Connected:
    """A mailbox at a local provider."""

    server: ConsentServers
    sender: Sender
    send_path: str

    def open(self) -> Connection:
        return connect(mailbox_of(self.sender))

    @property
    def sent(self) -> list[bytes]:
        return [mail.data for mail in self.server.mails]


@contextmanager
def google_running(settings: Any, folder: Path) -> Iterator[GoogleServer]:
    with GoogleServer() as server:
        settings.GOOGLE = server.settings()
        settings.OAUTH_CA_FILE = trust(folder)
        yield server


@contextmanager
def microsoft_running(settings: Any, folder: Path) -> Iterator[MicrosoftServer]:
    with MicrosoftServer() as server:
        settings.MICROSOFT = server.settings()
        settings.OAUTH_CA_FILE = trust(folder)
        yield server


def connected(server: ConsentServers, organisation: Organisation, user: User) -> Connected:
    """Go through the whole flow, as a person would."""
    kind, path = ("gmail", GMAIL_SEND) if isinstance(server, GoogleServer) else ("outlook", GRAPH_SEND)
    code, state = server.approve(flow.start_connecting(user, organisation, kind))
    return Connected(server, flow.finish_connecting(user, state, code).sender, path)


Connect = Callable[[], Connected]
