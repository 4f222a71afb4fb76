"""Signing in, by whichever mechanism the server offers (RFC 4954)."""

import pytest

from senders.transports import connect
from senders.transports.base import ConnectError, Disconnected, Sent, Throttled
from tests.providers.smtp import SmtpServer
from tests.senders.conftest import MailboxAt, outgoing

USER, PASSWORD = "jürgen@acme.example", " pässwörd with spaces "
CREDENTIALS = (USER, PASSWORD)


def mechanisms_tried(server: SmtpServer) -> list[str]:
    return [command.split()[1] for command in server.commands if command.startswith("AUTH")]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_each_mechanism_signs_in(mailbox_at: MailboxAt, mechanism: str) -> None:
    with SmtpServer(credentials=CREDENTIALS, mechanisms=(mechanism,), starttls=True) as server:
        with connect(mailbox_at(server, USER, PASSWORD)) as connection:
            assert isinstance(connection.send(outgoing()), Sent)
        assert server.mails[0].user == USER
        assert server.mails[0].secure
        assert mechanisms_tried(server) == [mechanism]


def test_under_tls_the_plain_mechanism_comes_first(mailbox_at: MailboxAt) -> None:
    with SmtpServer(credentials=CREDENTIALS, mechanisms=("CRAM-MD5", "LOGIN", "PLAIN"), tls=True) as server:
        connect(mailbox_at(server, USER, PASSWORD)).close()
        assert mechanisms_tried(server) == ["PLAIN"]


def test_in_the_open_the_password_itself_stays_off_the_line(mailbox_at: MailboxAt) -> None:
    offered = ("PLAIN", "LOGIN", "CRAM-MD5")
    with SmtpServer(credentials=CREDENTIALS, mechanisms=offered, open_auth=True) as server:
        connect(mailbox_at(server, USER, PASSWORD)).close()
        assert mechanisms_tried(server) == ["CRAM-MD5"]


@pytest.mark.parametrize("refusal", ["504 5.5.4 Unrecognized authentication type", "500 5.5.2 What?", "501 5.5.4 Bad"])
def test_a_mechanism_that_is_not_spoken_after_all_is_passed_over(mailbox_at: MailboxAt, refusal: str) -> None:
    with SmtpServer(credentials=CREDENTIALS, mechanisms=("PLAIN", "LOGIN"), tls=True) as server:
        server.reply("AUTH", refusal, times=1)
        connect(mailbox_at(server, USER, PASSWORD)).close()
        assert mechanisms_tried(server) == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_wrong_password_disconnects_and_is_tried_once(mailbox_at: MailboxAt, mechanism: str) -> None:
    with SmtpServer(credentials=CREDENTIALS, mechanisms=(mechanism, "XOTHER"), tls=True) as server:
        with pytest.raises(ConnectError) as caught:
            connect(mailbox_at(server, USER, "wrong"))
        assert isinstance(caught.value.outcome, Disconnected)
        assert caught.value.outcome.reason.startswith("535")
        assert "wrong" not in caught.value.outcome.reason
        assert mechanisms_tried(server) == [mechanism]


def test_a_sign_in_that_is_not_possible_just_now_throttles(mailbox_at: MailboxAt) -> None:
    with SmtpServer(credentials=CREDENTIALS, tls=True) as server:
        server.reply("AUTH", "454 4.7.0 Temporary authentication failure")
        with pytest.raises(ConnectError) as caught:
            connect(mailbox_at(server, USER, PASSWORD))
        assert isinstance(caught.value.outcome, Throttled)


@pytest.mark.parametrize("mechanisms", [("GSSAPI", "XOAUTH2"), ()])
def test_a_server_that_offers_nothing_we_speak_disconnects(mailbox_at: MailboxAt, mechanisms: tuple[str, ...]) -> None:
    with SmtpServer(credentials=CREDENTIALS, mechanisms=mechanisms, tls=True) as server:
        with pytest.raises(ConnectError) as caught:
            connect(mailbox_at(server, USER, PASSWORD))
        assert isinstance(caught.value.outcome, Disconnected)
        assert mechanisms_tried(server) == []


def test_without_a_user_name_nobody_signs_in(mailbox_at: MailboxAt) -> None:
    with SmtpServer() as server:
        connect(mailbox_at(server)).close()
        assert mechanisms_tried(server) == []
