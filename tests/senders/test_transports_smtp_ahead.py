"""The next mail is named in one write with the last one's data: what becomes of it, whatever becomes of that one."""

import socket
import threading
from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from senders.transports import connect
from senders.transports.base import Outcome, Outgoing, Rejected, Sent, Unanswered
from senders.transports.sending import Sending, outcome_of
from senders.transports.smtp import session
from senders.transports.smtp.connection import SmtpConnection
from tests.providers.smtp import SmtpServer
from tests.senders.conftest import MailboxAt, outgoing

MAILS = [outgoing(f"lead{number}@example.com") for number in range(5)]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer(pipelining=True) as running:
        yield running


def send_all(connection: SmtpConnection, mails: Sequence[Outgoing] = MAILS) -> list[Outcome]:
    """Each with the one behind it."""
    pairs = zip(mails, [*mails[1:], None], strict=True)
    return [outcome_of(Sending(connection, mail, following)) for mail, following in pairs]


def opened(mailbox_at: MailboxAt, server: SmtpServer) -> SmtpConnection:
    return cast(SmtpConnection, connect(mailbox_at(server)))


def received(server: SmtpServer) -> list[str]:
    return [mail.recipients[0] for mail in server.mails]


def test_each_is_taken_once_and_whole(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    with opened(mailbox_at, server) as connection:
        assert all(isinstance(outcome, Sent) for outcome in send_all(connection))
    assert [(mail.recipients, mail.data) for mail in server.mails] == [([mail.recipient], mail.data) for mail in MAILS]
    assert server.connections == 1
    assert server.commands[-1] == "QUIT", "the last one names none, so there is a polite end"


def test_it_is_named_before_the_last_one_has_its_answer(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    with opened(mailbox_at, server) as connection:
        assert connection.names_ahead
        assert isinstance(outcome_of(Sending(connection, MAILS[0], MAILS[1])), Sent)
        assert isinstance(outcome_of(Sending(connection, MAILS[1])), Sent)
    assert [command.partition(":")[0] for command in server.commands[1:]] == ["MAIL FROM", "RCPT TO", "DATA"] * 2 + [
        "QUIT"
    ]


@pytest.mark.parametrize("leaves", [True, False], ids=["closed", "another mail comes first"])
def test_one_that_is_named_and_not_sent_is_nobodys(server: SmtpServer, mailbox_at: MailboxAt, leaves: bool) -> None:
    with opened(mailbox_at, server) as connection:
        assert isinstance(outcome_of(Sending(connection, MAILS[0], MAILS[1])), Sent)
        if not leaves:
            assert isinstance(outcome_of(Sending(connection, MAILS[2])), Sent)
    assert received(server) == ["lead0@example.com", *([] if leaves else ["lead2@example.com"])]


def test_a_line_that_dies_leaves_only_the_mail_unanswered_whose_end_went_out(
    server: SmtpServer, mailbox_at: MailboxAt
) -> None:
    server.drop_at("END", recipient="lead1@example.com")
    with opened(mailbox_at, server) as connection:
        outcomes = send_all(connection)
    assert [type(outcome) for outcome in outcomes] == [Sent, Unanswered, Sent, Sent, Sent]
    assert received(server) == [mail.recipient for mail in MAILS], "that one was taken, as it happens"
    assert server.connections == 2


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize("answer", ["550 5.1.1 No such user", "421 4.3.2 Going down"])
def test_a_refusal_is_that_mails_alone(server: SmtpServer, mailbox_at: MailboxAt, stage: str, answer: str) -> None:
    with opened(mailbox_at, server) as connection:
        assert isinstance(outcome_of(Sending(connection, MAILS[0], MAILS[1])), Sent)
        server.reply(stage, answer, recipient=None if stage == "MAIL" else "lead2@example.com", times=1)
        outcomes = send_all(connection, MAILS[1:])
    taken = [mail for mail, outcome in zip(MAILS, [Sent(), *outcomes], strict=True) if isinstance(outcome, Sent)]
    assert len(taken) >= len(MAILS) - 1
    assert received(server) == [mail.recipient for mail in taken]


def test_a_refusal_at_the_end_of_the_data_keeps_the_connection(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    server.reply("END", "550 5.7.0 No such mail", recipient="lead1@example.com")
    with opened(mailbox_at, server) as connection:
        outcomes = send_all(connection)
    assert isinstance(outcomes[1], Rejected)
    assert received(server) == [mail.recipient for mail in MAILS if mail is not MAILS[1]]
    assert server.connections == 1


def test_a_server_that_hears_nothing_behind_the_data_is_told_nothing_there_again(
    mailbox_at: MailboxAt, server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: list[bytes] = []
        threading.Thread(target=deaf_server, args=(listener, taken), daemon=True).start()
        server.port = listener.getsockname()[1]
        with opened(mailbox_at, server) as connection:
            assert all(isinstance(outcome, Sent) for outcome in send_all(connection))
            assert not connection.names_ahead
    assert [recipient.strip(b"<>") for recipient in taken] == [mail.recipient.encode() for mail in MAILS]


def deaf_server(listener: socket.socket, taken: list[bytes]) -> None:
    """It forgets what it was sent in one write with the end of the data."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"220 deaf\r\n")
            recipient = b""
            while said := connection.recv(1 << 16):
                if said[:4].upper() == b"EHLO":
                    connection.sendall(b"250-deaf\r\n250 PIPELINING\r\n")
                elif said[:4] == b"MAIL":
                    recipient = said.partition(b"RCPT TO:")[2].split(b"\r\n")[0]
                    connection.sendall(b"250 ok\r\n250 ok\r\n354 go\r\n")
                elif b"\r\n.\r\n" in said:
                    taken.append(recipient)
                    connection.sendall(b"250 ok\r\n")
                else:
                    connection.sendall(b"221 bye\r\n")
