"""One drain at a time sends for a sender, and a dead one's lease runs out."""

import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.engine import lease as leases
from campaigns.engine.lease import Renewal, lease_of
from senders.models import Sender
from tests.campaigns.launching import Launcher

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sender(launcher: Launcher) -> Sender:
    return launcher.sender()


def test_the_second_gets_none_and_the_next_one_after_the_end(sender: Sender) -> None:
    with lease_of(sender.pk) as first:
        assert first is not None
        with lease_of(sender.pk) as second:
            assert second is None
        sender.refresh_from_db()
        assert sender.lease == first, "whoever lost does not take it away"
    with lease_of(sender.pk) as third:
        assert third not in (None, first)


def test_an_expired_lease_is_taken_over(sender: Sender) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Sender.objects.filter(pk=sender.pk).update(lease=uuid.uuid4(), lease_until=past)
    with lease_of(sender.pk) as lease:
        assert lease is not None


@pytest.mark.parametrize(
    "values",
    [{"state": "paused"}, {"state": "disconnected"}, {"next_slot_at": timezone.now() + timedelta(hours=1)}],
)
def test_a_sender_that_may_not_send_now_gives_none(sender: Sender, values: dict[str, object]) -> None:
    Sender.objects.filter(pk=sender.pk).update(**values)
    with lease_of(sender.pk) as lease:
        assert lease is None


def test_it_is_renewed_while_it_is_held(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    renewal = Renewal()
    monkeypatch.setattr(leases, "renewal", renewal)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    with lease_of(sender.pk):
        sender.refresh_from_db()
        before = sender.lease_until
        time.sleep(0.5)
        sender.refresh_from_db()
        assert before is not None
        assert sender.lease_until is not None
        assert sender.lease_until > before
    assert not renewal.leases


def test_it_is_let_go_when_the_block_fails(sender: Sender) -> None:
    with pytest.raises(ZeroDivisionError), lease_of(sender.pk):
        raise ZeroDivisionError
    sender.refresh_from_db()
    assert sender.lease is None


def test_one_thread_renews_all_and_ends_with_the_last(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.02)
    own = Renewal()
    held = [uuid.uuid4() for _ in range(3)]
    for lease in held:
        own.add(lease)
    thread = own.thread
    assert thread is not None
    for lease in held:
        own.remove(lease)
    thread.join(2)
    assert not thread.is_alive()
    own.add(held[0])
    again = own.thread
    assert again not in (None, thread)
    own.remove(held[0])
