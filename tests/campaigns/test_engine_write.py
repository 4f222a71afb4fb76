"""What the drains of a process have to record at one time is one commit, and nobody's trouble becomes another's."""

import threading
import uuid
from collections.abc import Callable, Sequence

import pytest
from django.db import DataError, connection

from campaigns.engine import write
from campaigns.engine.claim import claim
from campaigns.engine.lease import TAKE
from campaigns.engine.write import Entry, Settlement, settle_and_offer
from campaigns.models import Campaign, Message, MessageState
from tests.campaigns.launching import Launcher, states

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many entries each statement had."""
    seen: list[int] = []
    once = write.write_once

    def counted(entries: Sequence[Entry], meanwhile: Callable[[], None]) -> None:
        seen.append(len(entries))
        once(entries, meanwhile)

    monkeypatch.setattr(write, "write_once", counted)
    return seen


def claimed(launcher: Launcher, drains: int) -> tuple[Campaign, list[tuple[uuid.UUID, int]]]:
    """A campaign whose senders have each a lease and a claimed message."""
    senders = [launcher.sender(f"sender{number}") for number in range(drains)]
    campaign = launcher.start(drains, senders=senders)
    hands = []
    for sender in senders:
        lease = uuid.uuid4()
        with connection.cursor() as cursor:
            cursor.execute(TAKE, {"sender": sender.pk, "lease": lease, "seconds": 20})
        (message,) = claim(sender, lease, [campaign.pk], 1)
        hands.append((lease, message.id))
    return campaign, hands


def at_once(hands: list[tuple[uuid.UUID, int]], waits: dict[int, float]) -> dict[int, object]:
    """Offer the first message; while PostgreSQL is at it, have all the others record theirs. What each call came to."""
    came_to: dict[int, object] = {}
    threads: list[threading.Thread] = []

    def settle(lease: uuid.UUID, message: int) -> None:
        wait = waits.get(message)
        done = (
            Settlement(message, MessageState.SENT)
            if wait is None
            else Settlement(message, MessageState.PLANNED, "", wait)
        )
        try:
            came_to[message] = settle_and_offer(lease, [done])
        except DataError as error:
            came_to[message] = error
        finally:
            connection.close()

    def others() -> None:
        for lease, message in hands[1:]:
            threads.append(threading.Thread(target=settle, args=(lease, message)))
            threads[-1].start()
        while len(write.group.waiting) < len(hands) - 1:
            threading.Event().wait(0.01)

    lease, message = hands[0]
    came_to[message] = settle_and_offer(lease, [], [message], others)
    for thread in threads:
        thread.join()
    return came_to


def test_who_comes_while_another_writes_is_written_with_all_the_others(
    launcher: Launcher, statements: list[int]
) -> None:
    campaign, hands = claimed(launcher, 5)
    came_to = at_once(hands, {})
    first = hands[0][1]
    assert came_to == {message: {first} if message == first else set() for _, message in hands}
    assert statements == [1, 4]
    assert states(campaign) == {"sending": 1, "sent": 4}
    assert Message.objects.get(pk=first).offered_at is not None
    assert write.group.writing is False


def test_an_entry_that_postgresql_refuses_spoils_no_other(launcher: Launcher, statements: list[int]) -> None:
    campaign, hands = claimed(launcher, 4)
    broken = hands[2][1]
    came_to = at_once(hands, {broken: float("inf")})
    assert isinstance(came_to.pop(broken), DataError)
    assert all(isinstance(result, set) for result in came_to.values())
    assert statements == [1, 3, 1, 1, 1]
    assert states(campaign) == {"sending": 2, "sent": 2}


def test_where_the_one_that_writes_fails_nobody_believes_it_was_written(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hands = claimed(launcher, 3)

    def fail(entries: Sequence[Entry], meanwhile: Callable[[], None]) -> None:
        meanwhile()
        if len(entries) > 1:
            raise DataError("all of them")

    monkeypatch.setattr(write, "write_all", fail)
    came_to = at_once(hands, {})
    assert [str(came_to[message]) for _, message in hands[1:]] == ["all of them", "all of them"]
