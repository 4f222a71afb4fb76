"""The check: which step failed, and what to do about it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Organisation
from senders import check
from senders.check import CheckStep, check_mailbox, check_sender
from senders.models import Sender, SenderState
from senders.services import create_sender, update_sender
from senders.transports.base import Mailbox
from senders.transports.smtp import session
from tests.providers.smtp import SmtpServer, trust
from tests.senders.conftest import MailboxAt

CREDENTIALS = ("alice", "correct")


def names(steps: list[CheckStep]) -> list[str]:
    return [step.name for step in steps]


def failure(steps: list[CheckStep], name: str) -> str:
    """What the last step says, which must be the only one that failed, and be called so."""
    assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1].name == name
    return steps[-1].detail


def run(mailbox: Mailbox) -> list[CheckStep]:
    return list(check_mailbox(mailbox))


@contextlib.contextmanager
def speaking(*words: bytes, pause: float = 0.0, times: int = 1) -> Iterator[int]:
    """A port behind which something says `words`, again and again, and is no mail server; ends when it is left."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for _ in range(times):
                    for word in words:
                        connection.sendall(word)
                        over.wait(pause)
                over.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        over.set()
    thread.join(5)


def mailbox_on(port: int, security: str = "none", host: str = "localhost") -> Mailbox:
    return Mailbox(1, "smtp", "alice@acme.example", "Alice", host, port, security, "", None)


@pytest.mark.parametrize(
    ("options", "secured"),
    [
        ({"starttls": True}, "Secured with TLS"),
        ({"tls": True}, "Secured with TLS"),
        ({"open_auth": True}, "Not secured, as chosen"),
    ],
)
def test_all_steps_succeed(mailbox_at: MailboxAt, options: dict[str, Any], secured: str) -> None:
    with SmtpServer(credentials=CREDENTIALS, **options) as server:
        steps = run(mailbox_at(server, *CREDENTIALS))
        assert [(step.name, step.ok) for step in steps] == [
            ("resolve", True),
            ("connect", True),
            ("tls", True),
            ("sign in", True),
        ]
        assert steps[2].detail.startswith(secured)
        assert steps[3].detail == "Signed in as alice"
        assert not server.mails


def test_without_a_user_name_no_sign_in_is_needed(mailbox_at: MailboxAt) -> None:
    with SmtpServer(starttls=True) as server:
        assert run(mailbox_at(server))[-1] == CheckStep("sign in", True, "Not needed: no user name is set")


def test_a_host_that_does_not_resolve() -> None:
    steps = run(mailbox_on(587, host="smtp.nowhere.invalid"))
    assert names(steps) == ["resolve"]
    assert failure(steps, "resolve").startswith("There is no server called smtp.nowhere.invalid. Check the spelling")


def test_a_host_in_a_private_network(settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    assert "inside a private network" in failure(run(mailbox_on(587)), "resolve")


def test_a_refused_port(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    mailbox = mailbox_at(server)
    server.stop()
    assert "nothing listens on that port. Check the port: 587" in failure(run(mailbox), "connect")


def test_a_dead_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full lets a connection time out, as a host behind a firewall does."""
    monkeypatch.setattr(check, "STEP_SECONDS", 1.0)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        with contextlib.ExitStack() as waiting:
            for _ in range(3):
                filler = waiting.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(address)
            detail = failure(run(mailbox_on(address[1])), "connect")
    assert "it did not answer in time. Check host and port; a firewall may block it." in detail


def test_a_wrong_password(mailbox_at: MailboxAt) -> None:
    with SmtpServer(credentials=CREDENTIALS, starttls=True) as server:
        detail = failure(run(mailbox_at(server, "alice", "guess-guess")), "sign in")
    assert "refused the user name or password (535" in detail
    assert "app password" in detail
    assert "guess-guess" not in detail


def test_a_user_name_without_a_password(mailbox_at: MailboxAt) -> None:
    with SmtpServer(credentials=CREDENTIALS, starttls=True) as server:
        assert "Enter the password." in failure(run(mailbox_at(server, "alice")), "sign in")


@pytest.mark.parametrize(
    ("options", "advice"),
    [({}, "Choose STARTTLS (port 587) or TLS (port 465)."), ({"starttls": True}, "Leave the user name empty")],
)
def test_a_server_without_sign_in(mailbox_at: MailboxAt, options: dict[str, Any], advice: str) -> None:
    with SmtpServer(**options) as server:
        assert advice in failure(run(mailbox_at(server, *CREDENTIALS)), "sign in")


def test_a_server_without_starttls(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    detail = failure(run(mailbox_at(server, security="starttls")), "tls")
    assert detail.startswith("The server does not offer STARTTLS on this port. Choose TLS (port 465)")


def test_tls_on_a_port_that_does_not_begin_with_it(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    assert "does not speak TLS on this port. Choose STARTTLS" in failure(run(mailbox_at(server, security="tls")), "tls")


def test_no_tls_on_a_port_that_begins_with_it(mailbox_at: MailboxAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "STEP_SECONDS", 1.0)
    with SmtpServer(tls=True) as server:
        assert "If the port expects TLS, choose TLS." in failure(run(mailbox_at(server, security="none")), "tls")


def test_a_certificate_that_is_not_trusted(mailbox_at: MailboxAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "is_loopback", lambda address: False)
    with SmtpServer(tls=True) as server:
        assert "The server's certificate is not trusted" in failure(run(mailbox_at(server)), "tls")


@pytest.mark.parametrize(("hostname", "trusted"), [("localhost", True), ("other.example", False)])
def test_a_certificate_must_be_for_this_host(
    mailbox_at: MailboxAt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hostname: str, trusted: bool
) -> None:
    monkeypatch.setattr(session, "is_loopback", lambda address: False)
    monkeypatch.setenv("SSL_CERT_FILE", trust(tmp_path))
    monkeypatch.setattr(session, "tls_context", session.tls_context.__wrapped__)  # reads that file anew
    with SmtpServer(starttls=True, hostname=hostname) as server:
        steps = run(mailbox_at(server))
    assert all(step.ok for step in steps) is trusted
    if not trusted:
        assert "Hostname mismatch" in failure(steps, "tls")


@pytest.mark.parametrize("security", ["none", "starttls"])
@pytest.mark.parametrize("words", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xfe\r\n"])
def test_something_that_is_not_smtp_at_all(words: bytes, security: str) -> None:
    with speaking(words) as port:
        assert "What answers on this port is no mail server." in failure(run(mailbox_on(port, security)), "tls")


def test_a_server_that_turns_us_away(server: SmtpServer, mailbox_at: MailboxAt) -> None:
    server.reply("CONNECT", "554 5.7.1 You are on a list")
    assert failure(run(mailbox_at(server)), "tls") == "The server turned us away: 554 5.7.1 You are on a list"


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "STEP_SECONDS", 0.5)
    with speaking() as port:
        assert "The server did not greet us: it did not answer in time" in failure(run(mailbox_on(port)), "tls")


def test_a_server_that_never_stops_talking_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "SESSION_SECONDS", 0.5)
    with speaking(b"220-and\r\n", pause=0.1, times=100) as port:
        started = time.monotonic()
        said = failure(run(mailbox_on(port)), "tls")
    assert time.monotonic() - started < 3
    assert "the server's reply had no end" in said or "it did not answer in time" in said, "whichever clock is first"


def test_a_server_that_hangs_up_while_signing_in(mailbox_at: MailboxAt) -> None:
    with SmtpServer(credentials=CREDENTIALS, tls=True) as server:
        server.drop_at("AUTH")
        assert "The connection ended while signing in" in failure(run(mailbox_at(server, *CREDENTIALS)), "sign in")


def sender_at(acme: Organisation, server: SmtpServer, password: str) -> Sender:
    values = {"name": "Alice", "address": "alice@acme.example", "host": "localhost", "port": server.port}
    return create_sender(acme, None, values | {"security": "tls", "username": "alice", "password": password})


def test_a_success_reconnects_a_disconnected_sender_and_clears_its_last_error(acme: Organisation) -> None:
    with SmtpServer(credentials=CREDENTIALS, tls=True) as server:
        sender = sender_at(acme, server, "correct")
        Sender.objects.update(state=SenderState.DISCONNECTED, state_reason="535 No", last_error="535 No")
        assert all(step.ok for step in check_sender(sender))
    sender.refresh_from_db()
    assert (sender.state, sender.state_reason, sender.last_error) == (SenderState.ACTIVE, "", "")


def test_a_success_leaves_a_paused_sender_paused(acme: Organisation) -> None:
    with SmtpServer(credentials=CREDENTIALS, tls=True) as server:
        sender = sender_at(acme, server, "correct")
        Sender.objects.update(state=SenderState.PAUSED)
        sender.refresh_from_db()
        assert all(step.ok for step in check_sender(sender))
    assert Sender.objects.get().state == SenderState.PAUSED


def test_a_failure_leaves_the_sender_as_it_is(acme: Organisation) -> None:
    with SmtpServer(credentials=CREDENTIALS, tls=True) as server:
        sender = sender_at(acme, server, "wrong")
        Sender.objects.update(state=SenderState.DISCONNECTED, state_reason="535 No")
        assert not all(step.ok for step in check_sender(sender))
    assert Sender.objects.get().state_reason == "535 No"


def test_a_secret_that_does_not_open_asks_for_the_password_again(acme: Organisation, settings: Any) -> None:
    with SmtpServer(credentials=CREDENTIALS, tls=True) as server:
        sender = sender_at(acme, server, "correct")
        settings.ENCRYPTION_KEYS = [bytes(32)]
        (step,) = check_sender(sender)
    assert (step.name, step.ok) == ("password", False)
    assert step.detail.endswith("Enter the password again.")


def test_a_secret_is_no_password_for_somebody_elses_row(acme: Organisation) -> None:
    """Copied in the database from one sender to another, a ciphertext opens nothing (promise p10)."""
    with SmtpServer(credentials=CREDENTIALS, tls=True) as server:
        mine = sender_at(acme, server, "correct")
        other = create_sender(acme, None, {"name": "B", "address": "b@acme.example", "host": "localhost"})
        Sender.objects.filter(pk=other.pk).update(secret=mine.secret, username="alice", port=server.port)
        other.refresh_from_db()
        assert check_sender(other)[-1].name == "password"


def test_what_a_check_came_to_is_kept_until_the_connection_changes(acme: Organisation) -> None:
    values = {"name": "Alice", "address": "alice@acme.example", "host": "127.0.0.1", "security": "none"}
    with SmtpServer() as server:
        sender = create_sender(acme, None, values | {"port": server.port})
        assert sender.is_untried
        check_sender(sender)
        assert (sender.check_ok, sender.check_detail, sender.is_untried) == (True, "", False)
    (*_, failed) = check_sender(sender)
    assert sender.check_failed
    assert sender.check_detail == failed.detail
    assert sender.checked_at is not None
    update_sender(sender, {"name": "Alice Archer"})
    assert Sender.objects.get().check_failed
    update_sender(sender, {"host": "localhost"})
    assert Sender.objects.get().is_untried
    assert Sender.objects.get().check_ok is None
