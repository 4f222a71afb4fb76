"""What people do with senders: connect, change, reconnect, pause, delete; what each keeps and refuses."""

from typing import Any

import pytest

from accounts.models import Organisation, User
from senders import services
from senders.models import Sender, SenderState
from senders.services import (
    SenderError,
    create_sender,
    delete_sender,
    mailbox_of,
    pause_sender,
    reconnect,
    resume_sender,
    search,
    update_sender,
    usage,
)
from senders.vault import VaultError

VALUES = {
    "name": "Alice",
    "address": "alice@acme.example",
    "host": "smtp.acme.example",
    "port": 587,
    "security": "starttls",
    "username": "alice",
    "password": "hunter2",
}


@pytest.fixture
def sender(acme: Organisation, alice: User) -> Sender:
    return create_sender(acme, alice, VALUES)


def stored(sender: Sender) -> Sender:
    return Sender.objects.get(pk=sender.pk)


def test_a_new_sender_is_active_and_its_password_opens_for_it_alone(sender: Sender, alice: User) -> None:
    kept = stored(sender)
    assert (kept.state, kept.created_by, kept.kind) == (SenderState.ACTIVE, alice, "smtp")
    assert kept.secret is not None
    assert b"hunter2" not in bytes(kept.secret)
    mailbox = mailbox_of(kept)
    assert mailbox.secret is not None
    assert mailbox.secret.reveal() == "hunter2"
    kept.pk += 1
    with pytest.raises(VaultError):
        mailbox_of(kept)


def test_the_same_address_at_the_same_server_is_connected_once(sender: Sender, acme: Organisation) -> None:
    with pytest.raises(SenderError) as caught:
        create_sender(acme, None, VALUES | {"name": "Again"})
    assert caught.value.field == "address"
    assert Sender.objects.count() == 1


def test_another_organisation_may_connect_it_too(sender: Sender, charlie: User) -> None:
    create_sender(charlie.organisations.get(), charlie, VALUES)
    assert Sender.objects.count() == 2


@pytest.mark.parametrize("values", [{"name": "Alice A."}, {"password": ""}, {"daily_limit": 5}])
def test_a_password_stays_where_none_is_given(sender: Sender, values: dict[str, Any]) -> None:
    before = stored(sender).secret
    update_sender(sender, values)
    assert stored(sender).secret == before


def test_a_password_goes_with_its_user_name(sender: Sender) -> None:
    update_sender(sender, {"username": ""})
    assert stored(sender).secret is None
    assert mailbox_of(stored(sender)).secret is None


def test_a_change_that_cannot_be_kept_changes_nothing(sender: Sender, acme: Organisation) -> None:
    other = create_sender(acme, None, VALUES | {"address": "bob@acme.example"})
    with pytest.raises(SenderError):
        update_sender(other, {"address": "alice@acme.example", "password": "new"})
    kept = mailbox_of(stored(other))
    assert kept.address == "bob@acme.example"
    assert kept.secret is not None
    assert kept.secret.reveal() == "hunter2"


@pytest.mark.parametrize(
    "values",
    [{"password": "new"}, {"host": "other.acme.example"}, {"port": 465}, {"security": "tls"}, {"username": "alice2"}],
)
def test_new_credentials_or_another_server_try_a_disconnected_sender_again(
    sender: Sender, values: dict[str, Any]
) -> None:
    Sender.objects.update(state=SenderState.DISCONNECTED, state_reason="535 No", last_error="535 No")
    update_sender(sender, values)
    assert (sender.state, sender.state_reason, sender.last_error) == (SenderState.ACTIVE, "", "")


@pytest.mark.parametrize("values", [{"name": "New"}, {"port": 587, "host": "smtp.acme.example"}, {"password": ""}])
def test_other_changes_leave_it_disconnected(sender: Sender, values: dict[str, Any]) -> None:
    Sender.objects.update(state=SenderState.DISCONNECTED)
    update_sender(sender, values)
    assert stored(sender).state == SenderState.DISCONNECTED


def test_a_change_leaves_alone_what_the_engine_keeps(sender: Sender) -> None:
    """A person edits a sender while it is sending: state and errors are the engine's (a stale form holds old ones)."""
    Sender.objects.update(last_error="450 Later", state=SenderState.PAUSED)
    update_sender(sender, {"name": "New", "daily_limit": 7})
    kept = stored(sender)
    assert (kept.name, kept.daily_limit) == ("New", 7)
    assert (kept.last_error, kept.state) == ("450 Later", SenderState.PAUSED)


def test_pausing_and_resuming_move_only_from_the_right_state(sender: Sender) -> None:
    assert not resume_sender(sender)
    assert pause_sender(sender)
    assert not pause_sender(sender)
    assert stored(sender).state == SenderState.PAUSED
    assert resume_sender(sender)
    assert stored(sender).state == SenderState.ACTIVE
    Sender.objects.update(state=SenderState.DISCONNECTED)
    assert not pause_sender(sender)
    assert not resume_sender(sender)


def test_reconnecting_leaves_a_paused_sender_paused(sender: Sender) -> None:
    pause_sender(sender)
    reconnect(sender)
    assert sender.state == SenderState.PAUSED


def test_a_sender_that_is_needed_is_not_deleted(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "DELETION_GUARDS", [lambda sender: None, lambda sender: "Spring uses it."])
    with pytest.raises(SenderError, match=r"Spring uses it\."):
        delete_sender(sender)
    assert Sender.objects.exists()
    monkeypatch.setattr(services, "DELETION_GUARDS", [lambda sender: None])
    delete_sender(sender)
    assert not Sender.objects.exists()


def test_usage_adds_what_the_apps_above_count(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "USAGE", [lambda senders: dict.fromkeys(senders, 2), lambda senders: {senders[0]: 3}])
    assert usage([sender.pk, sender.pk + 1]) == {sender.pk: 5, sender.pk + 1: 2}


@pytest.mark.parametrize(("query", "found"), [("ALICE", 1), ("acme.example", 1), ("smtp.a", 1), ("bob", 0), ("%", 0)])
def test_search_looks_in_name_address_and_host(sender: Sender, query: str, found: int) -> None:
    assert search(Sender.objects.all(), query).count() == found
