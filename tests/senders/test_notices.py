"""One mail to the owners when a sender stops by itself, over a real SMTP server; none is lost where the relay is away."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from accounts.models import Organisation, User
from senders import health
from senders.models import Sender, SenderState
from senders.notices import send_notices
from senders.services import create_sender, resume_sender
from senders.tasks import tell_owners
from tests.providers.smtp import SmtpServer


@pytest.fixture
def relay(settings: Any) -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def sender(acme: Organisation, bob: User, charlie: User) -> Sender:
    found = create_sender(acme, None, {"name": "A", "address": "a@acme.example", "host": "h.example"})
    health.hold(found, "9 of its last 60 mails <bounced>: 15.0 %, and its limit is 5 %.")
    return found


def mail_of(relay: SmtpServer) -> EmailMessage:
    return message_from_bytes(relay.mails[0].data, policy=policy.default)


def test_the_owners_alone_are_told_once_and_why(sender: Sender, relay: SmtpServer) -> None:
    assert send_notices() == 1
    assert send_notices() == 0
    assert [mail.recipients for mail in relay.mails] == [["alice@acme.example"]]
    mail = mail_of(relay)
    assert mail["Subject"] == "a@acme.example paused itself"
    text = mail.get_content()
    assert "9 of its last 60 mails <bounced>: 15.0 %" in text
    assert f"http://testserver/o/acme/senders/{sender.pk}/" in text


def test_a_disconnected_one_is_told_by_the_minutes_task(sender: Sender, relay: SmtpServer) -> None:
    Sender.objects.update(state=SenderState.DISCONNECTED, state_reason="535 Who are you?", held_at=None)
    tell_owners()
    mail = mail_of(relay)
    assert mail["Subject"] == "a@acme.example was disconnected"
    assert "535 Who are you?" in mail.get_content()


def test_whoever_resumed_it_needs_no_mail(sender: Sender, relay: SmtpServer) -> None:
    resume_sender(sender)
    assert send_notices() == 0
    assert not relay.mails


def test_a_relay_that_is_away_is_tried_again(sender: Sender, relay: SmtpServer, settings: Any) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert send_notices() == 0
    settings.EMAIL_PORT = port
    assert send_notices() == 1
    assert len(relay.mails) == 1


def test_nobody_is_told_of_one_that_sends(acme: Organisation, relay: SmtpServer) -> None:
    create_sender(acme, None, {"name": "B", "address": "b@acme.example", "host": "h.example"})
    assert send_notices() == 0
