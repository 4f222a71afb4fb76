"""Access tokens: renewed ahead of their end, by one worker at a time, until the provider does not honour the grant."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Organisation, User
from senders.connecting.grants import GrantTokens, grant_row, moment, sealed, tokens_of
from senders.models import Grant, Sender, SenderState
from senders.transports.base import ConnectError, Disconnected, Sent, Throttled
from senders.transports.oauth import Tokens
from senders.vault import Secret, VaultError, unseal
from tests.providers.google import GoogleServer
from tests.senders.conftest import outgoing
from tests.senders.providers import Connected, connected


@pytest.fixture(params=["gmail", "outlook"])
def mailbox(request: pytest.FixtureRequest) -> Connected:
    found: Connected = request.getfixturevalue(request.param)
    return found


def end_soon(sender: Sender, seconds: float = 60.0) -> None:
    """As if the access token had so many seconds left."""
    grant = Grant.objects.get(sender=sender)
    tokens = tokens_of(grant)
    aged = Tokens(tokens.refresh, tokens.access, time.time() + seconds)
    Grant.objects.update(secret=sealed(sender.pk, aged), expires_at=moment(aged.expires_at))


def renewals(mailbox: Connected) -> int:
    return len([asked for asked in mailbox.server.asked(mailbox.server.token_path) if "refresh_token" in asked.form])


def outcome_of(mailbox: Connected) -> Any:
    with pytest.raises(ConnectError) as failed:
        mailbox.open()
    return failed.value.outcome


def test_a_good_token_is_used_as_it_is(mailbox: Connected) -> None:
    with mailbox.open() as line:
        assert isinstance(line.send(outgoing()), Sent)
    assert renewals(mailbox) == 0


def test_a_token_is_renewed_before_it_ends(mailbox: Connected) -> None:
    before = tokens_of(mailbox.sender.grant)
    end_soon(mailbox.sender)
    with mailbox.open() as line:
        assert isinstance(line.send(outgoing()), Sent)
    after = Grant.objects.get()
    assert renewals(mailbox) == 1
    assert tokens_of(after).access != before.access
    assert after.expires_at > timezone.now() + timedelta(minutes=50)


def test_refresh_tokens_that_roll_are_kept(outlook: Connected) -> None:
    before = tokens_of(outlook.sender.grant).refresh
    end_soon(outlook.sender)
    outlook.open().close()
    assert tokens_of(Grant.objects.get()).refresh != before


def test_a_refresh_token_that_does_not_roll_is_kept(gmail: Connected) -> None:
    before = tokens_of(gmail.sender.grant).refresh
    end_soon(gmail.sender)
    gmail.open().close()
    assert tokens_of(Grant.objects.get()).refresh == before


def test_a_token_that_ended_early_is_renewed_once_and_the_mail_goes(mailbox: Connected) -> None:
    mailbox.server.end_access()
    with mailbox.open() as line:
        assert isinstance(line.send(outgoing()), Sent)
        assert isinstance(line.send(outgoing()), Sent)
    assert renewals(mailbox) == 1


def test_a_grant_that_was_taken_back_disconnects_with_a_reason(mailbox: Connected) -> None:
    mailbox.server.end_permissions()
    end_soon(mailbox.sender)
    outcome = outcome_of(mailbox)
    assert isinstance(outcome, Disconnected)
    assert "does not honour the permission any more" in outcome.reason


def test_a_provider_that_is_away_is_for_later(mailbox: Connected) -> None:
    mailbox.server.answer(mailbox.server.token_path, 503, {"error": "temporarily_unavailable"})
    end_soon(mailbox.sender)
    assert isinstance(outcome_of(mailbox), Throttled)


def test_an_operators_wrong_client_secret_disconnects_nobody(mailbox: Connected) -> None:
    mailbox.server.client_secret = "changed"
    end_soon(mailbox.sender)
    assert isinstance(outcome_of(mailbox), Throttled)


def test_without_a_grant_the_mailbox_must_be_connected(mailbox: Connected) -> None:
    Grant.objects.all().delete()
    assert isinstance(outcome_of(mailbox), Disconnected)


def test_a_grant_belongs_to_its_sender(gmail: Connected, acme: Organisation) -> None:
    """Ciphertext that was copied to another sender's row does not open there."""
    other = Sender.objects.create(organisation=acme, kind="gmail", address="other@gmail.com", name="Other")
    copied = Grant.objects.create(
        organisation=acme, sender=other, secret=gmail.sender.grant.secret, scopes="", expires_at=timezone.now()
    )
    with pytest.raises(VaultError):
        tokens_of(copied)
    with pytest.raises(ConnectError) as failed:
        GrantTokens(other.pk, "gmail").access()
    assert isinstance(failed.value.outcome, Disconnected)


def test_what_is_stored_is_sealed_and_prints_as_nothing(gmail: Connected) -> None:
    stored = bytes(gmail.sender.grant.secret)
    assert b"planted" not in stored
    opened = unseal(stored, grant_row(gmail.sender.pk))
    assert "planted-refresh" in opened.reveal()
    assert "planted" not in repr(tokens_of(gmail.sender.grant))
    assert isinstance(tokens_of(gmail.sender.grant).access, Secret)


@pytest.mark.django_db(transaction=True)
def test_two_workers_renew_once(google: GoogleServer, acme: Organisation, alice: User) -> None:
    mailbox = connected(google, acme, alice)
    end_soon(mailbox.sender)
    google.delay("/token", 0.5)
    start = threading.Barrier(4)

    def work(_: int) -> str:
        try:
            start.wait(10)
            return GrantTokens(mailbox.sender.pk, "gmail").access().reveal()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert len(set(found)) == 1
    assert renewals(mailbox) == 1
    assert Sender.objects.get().state == SenderState.ACTIVE
