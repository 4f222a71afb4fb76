"""What a sender's settings, its ramp-up and its provider come to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senders.limits import (
    EXCHANGE,
    GMAIL,
    WORKSPACE,
    Ceiling,
    ceiling_of,
    daily_cap,
    draw_gap,
    full_limit,
    has_gap,
    ramp_days,
    suggested_limit,
)
from senders.models import Sender


def sender(**values: Any) -> Sender:
    return Sender(**{"address": "alice@acme.example", "host": "smtp.acme.example", **values})


@pytest.mark.parametrize(
    ("values", "ceiling"),
    [
        ({}, None),
        ({"kind": "gmail", "host": ""}, WORKSPACE),
        ({"kind": "gmail", "host": "", "address": "Alice@GMail.com"}, GMAIL),
        ({"host": "smtp.gmail.com"}, WORKSPACE),
        ({"host": "smtp.gmail.com", "address": "alice@googlemail.com"}, GMAIL),
        ({"kind": "outlook", "host": ""}, EXCHANGE),
        ({"host": "SMTP.office365.com"}, EXCHANGE),
    ],
)
def test_a_provider_is_known_by_kind_or_server(values: dict[str, Any], ceiling: Ceiling | None) -> None:
    found = sender(**values)
    assert ceiling_of(found) == ceiling
    assert full_limit(found) == (ceiling.per_day if ceiling else None), "respected where nobody set a limit"
    suggested = suggested_limit(found)
    assert (suggested is None) == (ceiling is None)
    assert suggested is None or ceiling is None or suggested <= ceiling.per_day / 5, "far below what the provider bears"


def test_without_settings_there_is_neither_limit_nor_pause() -> None:
    assert daily_cap(sender(), 0) is None
    assert not has_gap(sender())
    assert draw_gap(sender()) == 0


def test_the_smallest_of_limit_ramp_up_and_ceiling_counts() -> None:
    ramp = {"ramp_start": 10, "ramp_step": 5}
    assert [daily_cap(sender(**ramp), days) for days in (0, 1, 10)] == [10, 15, 60]
    assert [daily_cap(sender(**ramp, ramp_ceiling=20), days) for days in (0, 2, 9)] == [10, 20, 20]
    assert [daily_cap(sender(**ramp, daily_limit=17), days) for days in (0, 1, 2)] == [10, 15, 17]
    assert daily_cap(sender(**ramp, kind="gmail", address="a@gmail.com"), 1000) == 500
    assert daily_cap(sender(daily_limit=5000, kind="gmail", address="a@gmail.com"), 0) == 500


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({}, None),
        ({"ramp_start": 10, "ramp_step": 5}, None),
        ({"ramp_start": 10, "ramp_step": 5, "ramp_ceiling": 21}, 3),
        ({"ramp_start": 10, "ramp_step": 5, "daily_limit": 5}, 0),
        ({"ramp_start": 10, "ramp_step": 10, "daily_limit": 50, "ramp_ceiling": 100}, 4),
    ],
)
def test_how_long_a_ramp_up_takes(values: dict[str, Any], days: int | None) -> None:
    found = sender(**values)
    assert ramp_days(found) == days
    if days is not None:
        assert daily_cap(found, days) == full_limit(found)
        assert days == 0 or (daily_cap(found, days - 1) or 0) < (full_limit(found) or 0)


@given(st.floats(0.01, 86_400))
def test_a_pause_varies_by_a_fifth_and_is_never_less_than_half(seconds: float) -> None:
    drawn = draw_gap(sender(gap_seconds=seconds))
    assert seconds * 0.5 < seconds * 0.79 <= drawn <= seconds * 1.21


def test_pauses_differ() -> None:
    assert len({draw_gap(sender(gap_seconds=10)) for _ in range(20)}) > 10


def test_a_providers_mails_a_minute_are_kept_to_whatever_was_set() -> None:
    fast = sender(kind="outlook", gap_seconds=0.1)
    assert has_gap(fast)
    assert has_gap(sender(kind="outlook"))
    assert all(draw_gap(fast) >= 2.0 for _ in range(50)), "30 a minute"
    assert draw_gap(sender(kind="outlook", gap_seconds=60)) > 40
