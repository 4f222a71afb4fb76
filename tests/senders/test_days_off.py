"""Days off as lines that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senders.days_off import days_in, in_lines
from senders.window import BadWindow

EVE, DAY, BOXING, NEW_YEAR = "2026-12-24", "2026-12-25", "2026-12-26", "2027-01-01"


@given(st.sets(st.dates().map(str), max_size=20))
def test_what_is_written_reads_as_it_was(days: set[str]) -> None:
    assert days_in(in_lines(sorted(days))) == sorted(days)


def test_days_in_a_row_are_one_line() -> None:
    assert in_lines([EVE, DAY, BOXING, NEW_YEAR]) == f"{EVE} – {BOXING}\n{NEW_YEAR}"
    assert in_lines([]) == ""


@pytest.mark.parametrize("between", [" – ", "-", "..", " to ", " until "])
def test_the_ways_to_write_several(between: str) -> None:
    assert days_in(f" {EVE}{between}{BOXING}\n\n{NEW_YEAR},\n") == [EVE, DAY, BOXING, NEW_YEAR]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Christmas", "“Christmas” is not a date"),
        ("24.12.2026", "is not a date"),
        ("2026-02-30", "is not a date"),
        (f"{EVE} {DAY}", "is not a date"),
        (f"{DAY} – {EVE}", "ends before it begins"),
        ("0001-01-01 – 9999-12-31", "too many days off"),
    ],
)
def test_what_is_no_date_is_named(text: str, told: str) -> None:
    with pytest.raises(BadWindow, match=told) as caught:
        days_in(text)
    assert caught.value.field == "days_off"
