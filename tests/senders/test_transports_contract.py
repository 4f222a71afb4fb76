"""What every transport owes the engine, whoever the provider: one suite over SMTP, Gmail and Outlook.

Each provider is a local server that the real client library speaks to; `At` says how it is made to behave.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Organisation, User
from senders.transports import connect
from senders.transports.base import (
    ConnectError,
    Connection,
    Deferred,
    Disconnected,
    Mailbox,
    Outcome,
    Rejected,
    Sent,
    Throttled,
    Unanswered,
)
from senders.vault import Secret
from tests.providers.smtp import SmtpServer
from tests.senders.conftest import outgoing
from tests.senders.providers import Connected, connected, google_running, microsoft_running

PASSWORD = "planted-password-31c7"
# Larger than what the systems between two processes take up on their own (bytes).
LARGE = 16 << 20

Do = Callable[[], Any]


@dataclass(frozen=True)
class At:
    """A provider and how to make it behave; `sent` is how many mails it has taken."""

    open: Callable[[], Connection]
    sent: Callable[[], int]
    take: Do
    reject: Do
    defer: Do
    throttle: Do
    shut_out: Do  # the credentials are refused from now on
    drop_before: Do  # hangs up before it has the whole mail
    drop_after: Do  # hangs up when it has the mail, without an answer
    close_idle: Do  # closes the connection between two mails


@pytest.fixture(params=["smtp", "gmail", "outlook"])
def at(request: pytest.FixtureRequest, settings: Any, tmp_path: Path, acme: Organisation, alice: User) -> Iterator[At]:
    match request.param:
        case "smtp":
            with SmtpServer(credentials=("alice", PASSWORD), open_auth=True) as smtp:
                yield at_smtp(smtp)
        case "gmail":
            with google_running(settings, tmp_path) as google:
                yield at_api(connected(google, acme, alice), [
                    (400, "invalidArgument", "Invalid To header"),
                    (503, "backendError", "Backend Error"),
                    (429, "userRateLimitExceeded", "User-rate limit exceeded."),
                ])  # fmt: skip
        case "outlook":
            with microsoft_running(settings, tmp_path) as microsoft:
                yield at_api(connected(microsoft, acme, alice), [
                    (400, "ErrorInvalidRecipients", "At least one recipient is not valid."),
                    (503, "ErrorServerBusy", "The server cannot service this request right now."),
                    (429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
                ])  # fmt: skip


def at_smtp(server: SmtpServer) -> At:
    mailbox = Mailbox(
        1, "smtp", "alice@acme.example", "Alice", "localhost", server.port, "none", "alice", Secret(PASSWORD)
    )

    def shut_out() -> None:
        server.reply("AUTH", "535 5.7.8 Bad credentials")
        server.drop_at("MAIL")

    def close_idle() -> None:
        server.stop()
        server.start()

    return At(
        open=lambda: connect(mailbox),
        sent=lambda: len(server.mails),
        take=server.forget,
        reject=lambda: server.reply("RCPT", "550 5.1.1 No such user"),
        defer=lambda: server.reply("RCPT", "451 4.3.0 Try again later"),
        throttle=lambda: server.reply("RCPT", "450 4.7.0 Too many messages"),
        shut_out=shut_out,
        drop_before=lambda: server.drop_at("BODY"),
        drop_after=lambda: server.drop_at("END"),
        close_idle=close_idle,
    )


def at_api(mailbox: Connected, refusals: list[tuple[int, str, str]]) -> At:
    server = mailbox.server
    reject, defer, throttle = (
        lambda refusal=refusal: server.refuse(*refusal, retry_after=7 if refusal[0] == 429 else None)
        for refusal in refusals
    )

    def shut_out() -> None:
        server.end_permissions()
        server.end_access()

    return At(
        open=mailbox.open,
        sent=lambda: len(server.mails),
        take=server.forget_rules,
        reject=reject,
        defer=defer,
        throttle=throttle,
        shut_out=shut_out,
        drop_before=lambda: server.drop_at("HEAD", mailbox.send_path),
        drop_after=lambda: server.drop_at("ANSWER", mailbox.send_path),
        close_idle=server.hang_up,
    )


def offered(at: At, body: str = "Hello") -> Outcome:
    with at.open() as line:
        return line.send(outgoing(body=body))


def test_a_mail_that_is_taken_is_sent_once(at: At) -> None:
    assert isinstance(offered(at), Sent)
    assert at.sent() == 1


def test_many_mails_go_over_one_connection(at: At) -> None:
    with at.open() as line:
        assert all(isinstance(line.send(outgoing(f"lead{number}@example.com")), Sent) for number in range(5))
    assert at.sent() == 5


@pytest.mark.parametrize(("refusal", "kind"), [("reject", Rejected), ("defer", Deferred), ("throttle", Throttled)])
def test_a_refusal_is_typed_and_the_connection_goes_on(at: At, refusal: str, kind: type[Outcome]) -> None:
    with at.open() as line:
        getattr(at, refusal)()
        outcome = line.send(outgoing())
        assert isinstance(outcome, kind)
        assert not isinstance(outcome, Sent)
        assert outcome.reason
        assert at.sent() == 0
        at.take()
        assert isinstance(line.send(outgoing()), Sent)
    assert at.sent() == 1


def test_credentials_that_are_refused_on_the_way_disconnect_the_sender(at: At) -> None:
    with at.open() as line:
        assert isinstance(line.send(outgoing()), Sent)
        at.shut_out()
        outcome = line.send(outgoing())
    assert isinstance(outcome, Disconnected)
    assert at.sent() == 1


def test_an_answer_that_never_came_is_unanswered_and_not_tried_again(at: At) -> None:
    at.drop_after()
    assert isinstance(offered(at), Unanswered)
    assert at.sent() == 1, "the provider took it, and it was offered once"


def test_a_connection_that_breaks_on_the_way_leaves_the_mail_with_us(at: At) -> None:
    at.drop_before()
    assert isinstance(offered(at, "long line of text\r\n" * (LARGE // 19)), Deferred)
    assert at.sent() == 0


def test_a_connection_closed_between_two_mails_costs_nothing(at: At) -> None:
    with at.open() as line:
        assert isinstance(line.send(outgoing()), Sent)
        at.close_idle()
        assert isinstance(line.send(outgoing()), Sent)
    assert at.sent() == 2


def test_an_outcome_never_shows_what_the_sender_signs_in_with(at: At) -> None:
    at.shut_out()
    try:
        outcome = offered(at)
    except ConnectError as error:
        outcome = error.outcome
    assert isinstance(outcome, Disconnected | Deferred)
    assert "planted" not in repr(outcome)
