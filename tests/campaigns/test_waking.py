"""A signal for each sender that has something to send: none twice while it waits for a thread, none for ever."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import redis

from campaigns import engine, tasks, waking
from tests.campaigns.launching import Launcher

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(settings: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as connected:
        yield connected


@pytest.fixture
def senders(launcher: Launcher) -> list[int]:
    """Three who each have something to send."""
    mailboxes = [launcher.sender(name) for name in ("one", "two", "three")]
    launcher.start(6, senders=mailboxes)
    return [mailbox.pk for mailbox in mailboxes]


def queued(client: redis.Redis) -> int:
    return int(client.llen(waking.QUEUE))


@pytest.mark.usefixtures("senders")
def test_a_signal_that_waits_is_not_repeated(client: redis.Redis) -> None:
    assert waking.wake_waiting() == 3
    assert waking.wake_waiting() == 0
    assert queued(client) == 3


def test_whoever_was_taken_up_is_signalled_again(senders: list[int]) -> None:
    waking.wake_waiting()
    waking.taken_up(senders[1])
    assert waking.wake_waiting() == 1
    assert waking.outstanding()[0] == set(senders)


@pytest.mark.usefixtures("senders")
def test_after_a_flush_of_redis_all_are_signalled_again(client: redis.Redis) -> None:
    waking.wake_waiting()
    client.flushdb()
    assert waking.wake_waiting() == 3


def test_a_signal_that_nobody_took_in_time_is_repeated(senders: list[int], client: redis.Redis) -> None:
    waking.wake_waiting()
    client.zadd(waking.SIGNALS, {str(senders[0]): time.time() - 1})
    assert waking.wake_waiting() == 1


def test_a_clock_that_was_set_back_mutes_nobody(senders: list[int], client: redis.Redis) -> None:
    client.zadd(waking.SIGNALS, {str(sender): time.time() + 3600 for sender in senders})
    assert waking.wake_waiting() == 3


@pytest.mark.usefixtures("senders")
def test_no_more_are_signalled_than_the_queue_has_room_for(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "MOST_SIGNALS", 2)
    assert waking.wake_waiting() == 2
    assert waking.wake_waiting() == 0
    client.rpop(waking.QUEUE)  # a worker has it in its hands, and no thread yet
    assert waking.wake_waiting() == 1, "the third, though the first two still wait"
    assert queued(client) == 2


def test_two_ticks_at_once_signal_each_once(senders: list[int], client: redis.Redis) -> None:
    assert waking.signal(senders) == 3
    assert waking.signal(senders) == 0
    assert queued(client) == 3


def test_whoever_waits_is_known_until_a_thread_has_it(senders: list[int]) -> None:
    waking.signal(senders[:1])
    assert waking.anyone_waits()
    waking.taken_up(senders[0])
    assert not waking.anyone_waits()


@pytest.mark.parametrize("other_waits", [True, False])
def test_a_turn_ends_only_where_somebody_waits_for_its_thread(
    senders: list[int], launcher: Launcher, monkeypatch: pytest.MonkeyPatch, other_waits: bool
) -> None:
    monkeypatch.setattr(engine, "drain", partial(engine.drain, seconds=0.0))
    if other_waits:
        waking.signal(senders[1:])
    tasks.drain_sender(senders[0])
    assert len(launcher.received()) == (0 if other_waits else 2)
    assert senders[0] not in waking.outstanding()[0], "it is the next tick's to wake it again"


def test_without_redis_a_drain_goes_on(senders: list[int], launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "_client", redis.Redis.from_url("redis://127.0.0.1:1/0", retry=None))
    tasks.drain_sender(senders[0])
    assert len(launcher.received()) == 2
    assert waking.anyone_waits(), "nothing can be signalled"
