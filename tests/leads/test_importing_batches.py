"""Batches are made ahead of who takes them, one at a time, in their order, and whoever waits long is told."""

import threading
from collections.abc import Iterator

import pytest

from leads.importing import batches
from leads.importing.batches import ahead


def nothing() -> None: ...


def test_one_is_made_while_the_one_before_is_used() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    found = ahead(items(), nothing)
    for number in range(4):
        assert next(found) == number
        assert all(event.wait(10) for event in made[: number + 2])
        assert not any(event.is_set() for event in made[number + 2 :])
    assert list(found) == []


def test_what_goes_wrong_is_raised_where_it_is_used() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    found = ahead(items(), nothing)
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_somebody_says_that_we_live_while_a_batch_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PATIENCE", 0.01)
    told = threading.Event()

    def items() -> Iterator[bool]:
        yield told.wait(10)

    assert list(ahead(items(), told.set)) == [True]


def test_who_stops_taking_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    found = ahead(iter([1, 2, 3]), nothing)
    assert next(found) == 1
    found.close()
    assert threading.active_count() == before
