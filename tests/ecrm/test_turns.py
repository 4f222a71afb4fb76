"""One at a time for each person."""

import time
from typing import Any

import pytest

from ecrm.turns import Busy, one_at_a_time


def test_a_person_has_one_at_a_time() -> None:
    with one_at_a_time("a check", 1, 60):
        with pytest.raises(Busy, match="A check of yours is still under way"):
            with one_at_a_time("a check", 1, 60):
                raise AssertionError("it was let in")
        with one_at_a_time("a check", 2, 60), one_at_a_time("a test mail", 1, 60):
            pass  # other people, and other things, are not held up


def test_the_turn_is_free_again_whatever_happened() -> None:
    with pytest.raises(ZeroDivisionError):
        with one_at_a_time("a check", 1, 60):
            raise ZeroDivisionError
    with one_at_a_time("a check", 1, 60):
        pass


def test_a_turn_ends_by_itself_and_its_late_end_frees_nobody_elses() -> None:
    with one_at_a_time("a check", 1, 1):
        time.sleep(1.1)
        with one_at_a_time("a check", 1, 60):
            with pytest.raises(Busy):
                with one_at_a_time("a check", 1, 60):
                    raise AssertionError("it was let in")


def test_without_redis_nobody_is_turned_away(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with one_at_a_time("a check", 1, 60):
        pass
