"""What becomes of a mail at each stage of SMTP: the line between surely not sent, sent, and unknown."""

import smtplib
import socket
import threading
from typing import Any

import pytest

from senders.transports import connect
from senders.transports.base import (
    ConnectError,
    Deferred,
    Disconnected,
    Outcome,
    Rejected,
    Sent,
    Throttled,
    Unanswered,
)
from senders.transports.smtp import connection as smtp_connection
from tests.providers.smtp import SmtpServer
from tests.senders.conftest import MailboxAt, outgoing

pytestmark = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one by one"])


@pytest.fixture
def server(pipelining: bool) -> Any:
    with SmtpServer(pipelining=pipelining) as running:
        yield running


def send(server: SmtpServer, mailbox_at: MailboxAt, *recipients: str) -> list[Outcome]:
    with connect(mailbox_at(server)) as connection:
        return [connection.send(outgoing(recipient)) for recipient in recipients or ("lead@example.com",)]


def test_many_mails_go_over_one_connection(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    recipients = [f"lead{number}@example.com" for number in range(120)]
    outcomes = send(server, mailbox_at, *recipients)
    assert outcomes == [Sent(detail="2.0.0 Taken")] * 120
    assert [mail.recipients for mail in server.mails] == [[recipient] for recipient in recipients]
    assert server.mails[0].envelope_from == "alice@acme.example"
    assert server.connections == 1


def test_the_data_arrives_as_it_was_written(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    body = ".\r\n..dots\r\n.end\r\n\r\n." + "y" * 900
    with connect(mailbox_at(server)) as connection:
        mail = outgoing(body=body)
        assert isinstance(connection.send(mail), Sent)
    assert server.mails[0].data == mail.data


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [
        ("MAIL", "550 5.7.60 Client does not have permissions to send as this sender", Disconnected),
        ("MAIL", "530 5.7.0 Authentication required", Disconnected),
        ("MAIL", "451 4.3.0 Try later", Throttled),
        ("MAIL", "550 5.4.5 Daily user sending limit exceeded", Throttled),
        ("MAIL", "552 5.3.4 Message size exceeds fixed limit", Rejected),
        ("RCPT", "550 5.1.1 No such user", Rejected),
        ("RCPT", "554 5.7.1 Relay access denied", Disconnected),
        ("RCPT", "552 5.2.2 Mailbox full", Deferred),
        ("RCPT", "552 Too much", Deferred),
        ("RCPT", "450 4.2.0 Greylisted, try again", Deferred),
        ("RCPT", "451 4.7.1 Greylisting in action", Deferred),
        ("RCPT", "450 4.7.28 Too many messages from you", Throttled),
        ("DATA", "554 5.5.1 No", Rejected),
        ("DATA", "451 4.3.0 Later", Deferred),
        ("END", "550 5.7.1 Looks like spam", Rejected),
        ("END", "452 4.3.1 Out of space", Deferred),
        ("END", "550 5.7.26 Unauthenticated mail is not accepted", Throttled),
        ("END", "299 who knows", Sent),
        ("END", "777 nonsense", Unanswered),
        ("END", "what?", Unanswered),
    ],
)
def test_a_refusal_means_what_its_stage_and_code_say(
    server: SmtpServer, mailbox_at: MailboxAt, stage: str, answer: str, kind: type[Outcome]
) -> None:
    server.reply(stage, answer, times=1)
    first, second = send(server, mailbox_at, "one@example.com", "two@example.com")
    assert isinstance(first, kind)
    assert isinstance(second, Sent), "the next mail is not harmed by a refused one"
    expected = 2 if kind is Sent else 1
    assert len(server.mails) == expected
    assert server.mails[-1].recipients == ["two@example.com"]


def test_the_reason_is_what_the_server_said(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    server.reply("RCPT", "550-5.1.1 No such\r\n550 5.1.1 user", recipient="one@example.com")
    assert send(server, mailbox_at, "one@example.com") == [Rejected("550 5.1.1 No such 5.1.1 user")]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_connection_closed_between_mails_is_opened_again(
    server: SmtpServer, mailbox_at: MailboxAt, stage: str
) -> None:
    with connect(mailbox_at(server)) as connection:
        assert isinstance(connection.send(outgoing("one@example.com")), Sent)
        server.drop_at(stage)
        assert isinstance(connection.send(outgoing("two@example.com")), Sent)
    assert [mail.recipients for mail in server.mails] == [["one@example.com"], ["two@example.com"]]
    assert server.connections == 2


def test_a_421_between_mails_is_a_reason_to_reconnect(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    with connect(mailbox_at(server)) as connection:
        assert isinstance(connection.send(outgoing("one@example.com")), Sent)
        server.reply("MAIL", "421 4.4.2 Idle for too long", times=1)
        assert isinstance(connection.send(outgoing("two@example.com")), Sent)
    assert server.connections == 2


def test_a_421_that_stays_throttles(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    with connect(mailbox_at(server)) as connection:
        assert isinstance(connection.send(outgoing("one@example.com")), Sent)
        server.reply("MAIL", "421 4.7.0 Slow down")
        assert isinstance(connection.send(outgoing("two@example.com")), Throttled)
    assert server.connections == 2


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_keeps_hanging_up_defers_the_mail(server: SmtpServer, mailbox_at: MailboxAt, stage: str) -> None:
    server.drop_at(stage, times=None)
    (outcome,) = send(server, mailbox_at)
    assert isinstance(outcome, Deferred)
    assert server.mails == []


def test_a_line_that_dies_after_the_end_leaves_the_mail_unanswered(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    server.drop_at("END")
    first, second = send(server, mailbox_at, "one@example.com", "two@example.com")
    assert isinstance(first, Unanswered)
    assert isinstance(second, Sent)
    assert [mail.recipients for mail in server.mails] == [["one@example.com"], ["two@example.com"]]


def test_a_silent_server_after_the_end_leaves_the_mail_unanswered(
    server: SmtpServer, mailbox_at: MailboxAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("senders.transports.smtp.session.ANSWER_SECONDS", 0.3)
    server.delay("END", 2, times=1)
    (outcome,) = send(server, mailbox_at)
    assert outcome == Unanswered("The server was given the mail and did not answer: it did not answer in time")


def test_a_silent_server_before_the_data_defers_the_mail(
    server: SmtpServer, mailbox_at: MailboxAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("senders.transports.smtp.session.ANSWER_SECONDS", 0.3)
    server.delay("RCPT", 2, times=1)
    (outcome,) = send(server, mailbox_at)
    assert isinstance(outcome, Deferred)
    assert server.mails == []


def test_a_mail_that_could_not_be_handed_over_whole_is_deferred(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    """Larger than every socket buffer: the end of the data never leaves this machine."""
    server.drop_at("BODY", times=None)
    with connect(mailbox_at(server)) as connection:
        outcome = connection.send(outgoing(body=("x" * 900 + "\r\n") * 30_000))
    assert isinstance(outcome, Deferred)
    assert server.mails == []


def test_a_foreign_server_gets_a_hundred_mails_a_connection(
    server: SmtpServer, mailbox_at: MailboxAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_connection, "is_loopback", lambda address: False)
    outcomes = send(server, mailbox_at, *["lead@example.com"] * 201)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert server.connections == 3


def test_a_dead_port_throttles_the_sender(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    server.stop()
    with pytest.raises(ConnectError) as caught:
        connect(mailbox_at(server))
    assert isinstance(caught.value.outcome, Throttled)
    assert "nothing listens" in caught.value.outcome.reason


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [("CONNECT", "554 5.7.1 Go away", Throttled), ("CONNECT", "421 Busy", Throttled), ("EHLO", "550 No", Throttled)],
)
def test_a_server_that_does_not_greet_throttles_the_sender(
    server: SmtpServer, mailbox_at: MailboxAt, stage: str, answer: str, kind: type[Outcome]
) -> None:
    server.reply(stage, answer)
    server.reply("HELO", answer)
    with pytest.raises(ConnectError) as caught:
        connect(mailbox_at(server))
    assert isinstance(caught.value.outcome, kind)


def test_pipelining_is_used_where_it_is_offered(
    server: SmtpServer, mailbox_at: MailboxAt, pipelining: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    plain_send = smtplib.SMTP.send

    def recorded(self: smtplib.SMTP, data: Any) -> None:
        writes.append(data)
        plain_send(self, data)

    with connect(mailbox_at(server)) as connection:
        monkeypatch.setattr(smtplib.SMTP, "send", recorded)
        connection.send(outgoing())
        monkeypatch.undo()
    assert len(writes) == (1 if pipelining else 3), "and one more for the data"


def test_a_server_that_asks_for_the_data_of_a_refused_recipient_gets_none(
    pipelining: bool, server: SmtpServer, mailbox_at: MailboxAt
) -> None:
    """RFC 2920 3.1 allows a 354 although no recipient was taken; the mail must not go out then."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard: list[bytes] = []
        thread = threading.Thread(target=odd_server, args=(listener, heard), daemon=True)
        thread.start()
        server.port = listener.getsockname()[1]
        with connect(mailbox_at(server)) as connection:
            assert isinstance(connection.send(outgoing("one@example.com")), Rejected)
            assert isinstance(connection.send(outgoing("two@example.com")), Rejected)
        thread.join(5)
    assert heard.count(b".") == 2
    assert not [line for line in heard if b"Subject" in line]


def odd_server(listener: socket.socket, heard: list[bytes]) -> None:
    connection, _ = listener.accept()
    answers = {b"EHLO": b"250-odd\r\n250 PIPELINING", b"MAIL": b"250 ok", b"RCPT": b"550 5.1.1 no", b"DATA": b"354 go"}
    with connection, connection.makefile("rwb") as stream:
        stream.write(b"220 odd\r\n")
        stream.flush()
        for line in stream:
            heard.append(line.strip())
            verb = line.strip()[:4].upper()
            stream.write(answers.get(verb, b"554 no recipients" if verb == b"." else b"250 ok") + b"\r\n")
            stream.flush()
