"""Sending hours: what is accepted, when a window is open and when it opens next, through daylight-saving changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senders.window import BadWindow, clean, in_words, is_open, next_opening, opens_for, zone_in

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]
WEEKDAYS = {"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "17:00", "time_zone": "Europe/Berlin"}

clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
windows = st.fixed_dictionaries(
    {
        "days": st.lists(st.integers(0, 6), min_size=1, unique=True).map(sorted),
        "start": clocks,
        "end": clocks,
        "time_zone": st.sampled_from(ZONES),
    }
)
off = st.dates(date(2024, 1, 1), date(2025, 12, 31)).map(str)
with_days_off = st.builds(lambda window, days: window | {"days_off": sorted(days)}, windows, st.sets(off, min_size=1))
any_windows = windows | with_days_off
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(any_windows, moments)
def test_the_next_opening_is_open_and_not_before_now(window: dict[str, Any], at: datetime) -> None:
    opening = next_opening(window, at)
    # A week for each day off, and one for hours that the clock leaves out when it is put forward.
    assert at <= opening <= at + timedelta(days=8 + 7 * (len(window.get("days_off", [])) + 1))
    assert is_open(window, opening)


@given(any_windows, moments, st.floats(0, 1))
def test_nothing_is_open_between_now_and_the_next_opening(window: dict[str, Any], at: datetime, part: float) -> None:
    opening = next_opening(window, at)
    between = at + (opening - at) * part
    assert between == opening or not is_open(window, between)


@given(any_windows, moments)
def test_cleaning_changes_nothing_that_is_clean(window: dict[str, Any], at: datetime) -> None:
    assert clean(window) == window
    assert clean(clean(window)) == window
    assert is_open(clean(window), at) == is_open(window, at)


@given(windows, moments)
def test_away_from_clock_changes_it_is_open_when_the_clock_says_so(window: dict[str, Any], at: datetime) -> None:
    zone = ZoneInfo(window["time_zone"])
    local = at.astimezone(zone)
    if any(local.utcoffset() != (at + timedelta(days=day)).astimezone(zone).utcoffset() for day in (-2, -1, 1, 2)):
        return
    clock, yesterday = local.strftime("%H:%M"), (local - timedelta(days=1)).weekday()
    start, end, days = window["start"], window["end"], window["days"]
    if start < end:
        expected = local.weekday() in days and start <= clock < end
    else:  # over midnight, or all day
        expected = (local.weekday() in days and clock >= start) or (yesterday in days and clock < end)
    assert is_open(window, at) == expected


@given(moments)
def test_no_window_is_always_open(at: datetime) -> None:
    assert is_open(None, at)
    assert next_opening(None, at) == at


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-23 08:59:59", False),  # a Monday
        ("2026-11-23 09:00", True),
        ("2026-11-23 16:59:59", True),
        ("2026-11-23 17:00", False),
        ("2026-11-28 12:00", False),  # a Saturday
    ],
)
def test_working_hours(at: str, open_: bool) -> None:
    assert is_open(WEEKDAYS, berlin(at)) is open_


def test_after_friday_comes_monday() -> None:
    assert next_opening(WEEKDAYS, berlin("2026-11-27 17:00")) == berlin("2026-11-30 09:00")


def test_over_midnight_belongs_to_the_day_it_began() -> None:
    night = {"days": [4], "start": "22:00", "end": "06:00", "time_zone": "Europe/Berlin"}
    assert is_open(night, berlin("2026-11-28 05:59"))  # Saturday morning of Friday's night
    assert not is_open(night, berlin("2026-11-27 05:59"))
    assert not is_open(night, berlin("2026-11-28 22:00"))


def test_the_same_time_twice_is_the_whole_day() -> None:
    day = {"days": [0], "start": "09:00", "end": "09:00", "time_zone": "UTC"}
    assert is_open(day, utc("2026-11-23 09:00"))
    assert is_open(day, utc("2026-11-24 08:59"))
    assert not is_open(day, utc("2026-11-24 09:00"))


def test_the_day_the_clocks_go_forward() -> None:
    """Berlin, 29 March 2026: after 01:59 comes 03:00. Nine o'clock is nine o'clock, an hour sooner in UTC."""
    daily = WEEKDAYS | {"days": list(range(7))}
    assert next_opening(daily, utc("2026-03-28 20:00")) == utc("2026-03-29 07:00")
    assert next_opening(daily, utc("2026-03-27 20:00")) == utc("2026-03-28 08:00")


def test_a_window_that_opens_in_the_missing_hour_still_opens() -> None:
    early = {"days": [6], "start": "02:30", "end": "04:00", "time_zone": "Europe/Berlin"}
    opening = next_opening(early, utc("2026-03-28 20:00"))
    assert utc("2026-03-29 01:00") <= opening < utc("2026-03-29 02:00")


def test_the_hour_that_comes_twice_opens_once() -> None:
    """Berlin, 25 October 2026: 02:00 to 03:00 comes twice. Two to three is the first of the two, as a clock first shows it."""
    early = {"days": [6], "start": "02:00", "end": "03:00", "time_zone": "Europe/Berlin"}
    opening = next_opening(early, utc("2026-10-24 12:00"))
    assert opening == utc("2026-10-25 00:00")
    assert not is_open(early, utc("2026-10-25 02:00"))


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"days": []}, "days"),
        ({"days": [7]}, "days"),
        ({"days": ["0"]}, "days"),
        ({"days": [True]}, "days"),
        ({"days": 1}, "days"),
        ({"start": "25:00"}, "start"),
        ({"end": "soon"}, "end"),
        ({"start": None}, "start"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"time_zone": ["UTC"]}, "time_zone"),
        ({"lead_time_zone": 1}, "lead_time_zone"),
        ({"days_off": "2026-12-24"}, "days_off"),
        ({"days_off": ["2026-02-30"]}, "days_off"),
        ({"days_off": ["20261224"]}, "days_off"),
        ({"days_off": [20261224]}, "days_off"),
        ({"days_off": [f"2026-{month:02}-{day:02}" for month in range(1, 6) for day in range(1, 29)]}, "days_off"),
        ({"colour": "red"}, ""),
        ("always", ""),
        ([1], ""),
    ],
)
def test_what_is_no_window_names_what_is_wrong(window: Any, field: str) -> None:
    with pytest.raises(BadWindow) as caught:
        clean(window)
    assert caught.value.field == field


@pytest.mark.parametrize("nothing", [None, {}, ""])
def test_nothing_is_any_time(nothing: Any) -> None:
    assert clean(nothing) is None


def test_what_is_left_out_is_filled_in() -> None:
    assert clean({"days": [3, 1, 1]}) == {"days": [1, 3], "start": "00:00", "end": "00:00", "time_zone": "UTC"}


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (None, "At any time"),
        (WEEKDAYS, "Mon–Fri, 09:00–17:00, Europe/Berlin"),
        (WEEKDAYS | {"days": [0, 2, 3]}, "Mon, Wed, Thu, 09:00–17:00, Europe/Berlin"),
        (WEEKDAYS | {"days": [5, 6]}, "Sat, Sun, 09:00–17:00, Europe/Berlin"),
        (WEEKDAYS | {"days_off": ["2026-12-24"]}, "Mon–Fri but for 1 day off, 09:00–17:00, Europe/Berlin"),
        (WEEKDAYS | {"days": list(range(7)), "end": "09:00"}, "Every day, all day, Europe/Berlin"),
    ],
)
def test_a_window_in_words(window: Any, words: str) -> None:
    assert in_words(window) == words


CHRISTMAS = WEEKDAYS | {"days_off": ["2026-12-24", "2026-12-25"]}


def test_on_a_day_off_it_does_not_open() -> None:
    assert not is_open(CHRISTMAS, berlin("2026-12-24 12:00"))
    assert next_opening(CHRISTMAS, berlin("2026-12-23 17:00")) == berlin("2026-12-28 09:00")
    night = CHRISTMAS | {"start": "22:00", "end": "06:00"}
    assert is_open(night, berlin("2026-12-24 05:59")), "the night of the day before"
    assert not is_open(night, berlin("2026-12-25 05:59"))


def test_days_off_are_put_in_order_and_kept_once() -> None:
    assert clean(WEEKDAYS | {"days_off": ["2026-12-25", "2026-12-24", "2026-12-25"]}) == CHRISTMAS
    assert clean(WEEKDAYS | {"days_off": []}) == WEEKDAYS


def test_it_opens_however_many_days_are_off() -> None:
    """A hundred Mondays, over both changes of the clock of two years."""
    mondays = [str(date(2026, 11, 30) + timedelta(weeks=week)) for week in range(100)]
    window = WEEKDAYS | {"days": [0], "days_off": mondays}
    assert next_opening(window, berlin("2026-11-23 17:00")) == berlin("2028-10-30 09:00")


def test_days_off_around_a_change_of_the_clock() -> None:
    """Berlin goes back on 25 October 2026, a Sunday of 25 hours, and forward on 28 March 2027."""
    all_day = {"days": list(range(7)), "start": "00:00", "end": "00:00", "time_zone": "Europe/Berlin"}
    autumn = all_day | {"days_off": ["2026-10-25"]}
    assert is_open(autumn, utc("2026-10-24 21:59"))
    assert next_opening(autumn, utc("2026-10-24 22:00")) == utc("2026-10-25 23:00")
    spring = all_day | {"days_off": ["2027-03-28"]}
    assert next_opening(spring, utc("2027-03-27 23:00")) == utc("2027-03-28 22:00")
    left_out = all_day | {"days": [6], "start": "02:00", "end": "03:00"}  # hours that 28 March does not have
    assert next_opening(left_out, berlin("2027-03-27 12:00")) == berlin("2027-04-04 02:00")


def test_a_day_off_is_off_by_the_leads_clock() -> None:
    following = CHRISTMAS | {"lead_time_zone": True}
    late = utc("2026-12-24 02:00")  # the 23rd in New York, where it is nine in the evening
    assert opens_for(following, utc("2026-12-23 20:00"), "America/New_York") == utc("2026-12-23 20:00")
    assert opens_for(following, late, "Asia/Tokyo") == utc("2026-12-28 00:00")
    assert opens_for(following, late, "") == utc("2026-12-28 08:00")


FOLLOWING = WEEKDAYS | {"lead_time_zone": True}


def test_by_the_leads_clock_nine_is_nine_where_the_lead_is() -> None:
    monday = utc("2026-11-23 08:30")  # half past nine in Berlin, half past three in New York
    assert opens_for(FOLLOWING, monday, "Europe/Berlin") == monday
    assert opens_for(FOLLOWING, monday, "") == monday, "the window's own zone, where the lead's is not known"
    assert opens_for(FOLLOWING, monday, "America/New_York") == utc("2026-11-23 14:00")
    assert opens_for(WEEKDAYS, monday, "America/New_York") == monday, "only where the window says so"
    assert opens_for(None, monday, "America/New_York") == monday


def test_by_the_leads_clock_through_the_weeks_in_which_only_one_of_two_countries_has_changed_it() -> None:
    """2026: New York goes forward on 8 March, Berlin on 29 March."""
    for day, berlin_opens, new_york_opens in (
        ("2026-03-06", "08:00", "14:00"),
        ("2026-03-09", "08:00", "13:00"),
        ("2026-03-30", "07:00", "13:00"),
    ):
        midnight = utc(f"{day} 00:30")
        assert opens_for(FOLLOWING, midnight, "Europe/Berlin") == utc(f"{day} {berlin_opens}")
        assert opens_for(FOLLOWING, midnight, "America/New_York") == utc(f"{day} {new_york_opens}")


def test_by_the_leads_clock_it_is_always_open_somewhere() -> None:
    assert is_open(FOLLOWING, utc("2026-11-28 12:00"))
    assert clean(FOLLOWING) == FOLLOWING
    assert clean(WEEKDAYS | {"lead_time_zone": False}) == WEEKDAYS
    assert in_words(FOLLOWING) == "Mon–Fri, 09:00–17:00, in the lead’s time zone, else Europe/Berlin"


@pytest.mark.parametrize(
    ("fields", "zone"),
    [
        ({"time_zone": "Europe/Berlin"}, "Europe/Berlin"),
        ({"Time zone": " Asia/Tokyo "}, "Asia/Tokyo"),
        ({"Timezone": "Mars/Olympus"}, ""),
        ({"time_zone": "../../etc/passwd"}, ""),
        ({"zone": "Europe/Berlin"}, ""),
        ({}, ""),
    ],
)
def test_a_leads_zone_stands_in_a_custom_field(fields: dict[str, str], zone: str) -> None:
    assert zone_in(fields) == zone
