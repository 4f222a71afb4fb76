"""A mailbox at a local test server, and mails to send through it."""

from collections.abc import Callable, Iterator

import pytest

from senders.transports.base import Mailbox, Outgoing
from senders.vault import Secret
from tests.providers.smtp import SmtpServer

MailboxAt = Callable[..., Mailbox]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer(pipelining=True) as running:
        yield running


@pytest.fixture
def mailbox_at() -> MailboxAt:
    def make(server: SmtpServer, user: str = "", password: str = "", security: str = "") -> Mailbox:
        chosen = security or ("tls" if server.tls else "starttls" if server.starttls else "none")
        secret = Secret(password) if password else None
        return Mailbox(1, "smtp", "alice@acme.example", "Alice", "localhost", server.port, chosen, user, secret)

    return make


def outgoing(recipient: str = "lead@example.com", body: str = "Hello", sender: str = "alice@acme.example") -> Outgoing:
    data = f"From: {sender}\r\nTo: {recipient}\r\nSubject: x\r\n\r\n{body}\r\n"
    return Outgoing(1, sender, recipient, data.encode())
