"""The drawing of a campaign over time: right heights, right words, nothing outside the picture."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.chart import HEIGHT, WIDTH, Chart, ceiling, draw
from campaigns.stats import Bucket

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def drawn(values: list[tuple[int, int, int]], span: timedelta = timedelta(hours=1), zone: str = "UTC") -> Chart:
    chart = draw([Bucket(START + span * number, *value) for number, value in enumerate(values)], zone)
    assert chart is not None
    return chart


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([], "UTC") is None


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (2, 2), (3, 3), (9, 10), (11, 12), (13, 15), (41, 50), (999, 1000)]
)
def test_the_axis_ends_at_a_round_number(most: int, top: int) -> None:
    assert ceiling(most) == top


def test_bars_stand_on_the_ground_and_reach_their_value() -> None:
    chart = drawn([(10, 0, 0), (5, 0, 0)])
    assert chart.ticks == [10, 5, 0]
    assert [(slot.bar_y, slot.bar_height) for slot in chart.slots] == [(0, HEIGHT), (HEIGHT / 2, HEIGHT / 2)]
    assert all(slot.x <= slot.bar_x and slot.bar_x + slot.bar_width <= slot.x + slot.width for slot in chart.slots)
    assert chart.slots[-1].x + chart.slots[-1].width == WIDTH


def test_lines_run_through_the_middle_of_each_slot() -> None:
    chart = drawn([(10, 0, 0), (0, 5, 0)])
    assert chart.opened == "M250 200 L750 100"
    assert chart.clicked == ""


def test_a_single_value_is_a_dot() -> None:
    assert drawn([(2, 1, 0)]).opened == "M500 100 L500 100"


def test_each_slot_says_when_it_was_in_the_campaigns_time_zone() -> None:
    chart = drawn([(1, 0, 0), (1, 0, 0)], zone="Europe/Berlin")
    assert [slot.label for slot in chart.slots] == ["Mar 2, 10:00–11:00", "Mar 2, 11:00–12:00"]
    assert (chart.labels, chart.zone) == (["10:00", "11:00"], "Europe/Berlin")


def test_days_are_named_as_they_were_counted_in_utc() -> None:
    chart = drawn([(1, 0, 0)] * 10, timedelta(days=1), "America/Los_Angeles")
    assert (chart.slots[0].label, chart.zone) == ("Mar 2", "UTC")
    assert chart.labels == ["Mar 2", "Mar 4", "Mar 6", "Mar 9", "Mar 11"]


def test_spans_over_midnight_name_their_days() -> None:
    assert drawn([(1, 0, 0)] * 3, timedelta(hours=12)).labels == ["Mar 2, 09:00", "Mar 2, 21:00", "Mar 3, 09:00"]


def test_weeks_are_named_from_day_to_day() -> None:
    assert drawn([(1, 0, 0)] * 2, timedelta(days=7)).slots[0].label == "Mar 2 to Mar 9"
