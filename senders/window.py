"""Sending hours: days of the week and a span of the day in a time zone.

A window is `{"days": [0, …, 6], "start": "HH:MM", "end": "HH:MM", "time_zone": "Europe/Berlin"}`, Monday being 0; None is any
time. `end` before `start` runs over midnight and belongs to the day on which it began; equal is the whole day. With
`"lead_time_zone": true` its clock is the lead's where that is known (`zone_in`), and `time_zone` counts for the others. On
`"days_off": ["2026-12-24", …]`, dates by that clock, it does not open.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ecrm.text import counted

KEYS = {"days", "start", "end", "time_zone"}
FOLLOWS = "lead_time_zone"
DAYS_OFF = "days_off"
MOST_DAYS_OFF = 100
# Under which name a lead's custom field says its time zone, spelt in lower case and with underscores.
ZONE_FIELDS = {"time_zone", "timezone"}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class BadWindow(ValueError):
    """A window that says nothing we understand; its text says what is wrong, `field` with which of its keys."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def clean(window: Any) -> dict[str, Any] | None:
    """A window in its normal form, or None for any time; raises BadWindow."""
    if not window:
        return None
    if not isinstance(window, dict) or set(window) - KEYS - {FOLLOWS, DAYS_OFF}:
        raise BadWindow(f"A window holds {', '.join(sorted(KEYS | {FOLLOWS, DAYS_OFF}))} and nothing else.")
    days = window.get("days", list(range(7)))
    valid = isinstance(days, list) and days and all(type(day) is int and 0 <= day <= 6 for day in days)
    if not valid:
        raise BadWindow("days is a list of numbers from 0 (Monday) to 6 (Sunday), with one at least.", "days")
    zone = window.get("time_zone") or "UTC"
    if not is_zone(str(zone)):
        raise BadWindow(f"{zone} is not a time zone; write one like Europe/Berlin.", "time_zone")
    follows = window.get(FOLLOWS, False)
    if not isinstance(follows, bool):
        raise BadWindow(f"{FOLLOWS} is true or false.", FOLLOWS)
    spans = {name: clock(name, window.get(name, "00:00")).strftime("%H:%M") for name in ("start", "end")}
    off = clean_days_off(window.get(DAYS_OFF) or [])
    told = ({FOLLOWS: True} if follows else {}) | ({DAYS_OFF: off} if off else {})
    return {"days": sorted(set(days)), **spans, "time_zone": str(zone), **told}


def clean_days_off(days: Any) -> list[str]:
    """Dates, each once and in order; raises BadWindow."""
    if not isinstance(days, list) or not all(isinstance(day, str) and is_date(day) for day in days):
        raise BadWindow(f"{DAYS_OFF} is a list of dates like 2026-12-24.", DAYS_OFF)
    if len(found := sorted(set(days))) > MOST_DAYS_OFF:
        raise BadWindow(f"These are {len(found):,} days off; {MOST_DAYS_OFF} is the most.", DAYS_OFF)
    return found


def is_date(text: str) -> bool:
    """Whether it is a date as it is kept, like 2026-12-24: ISO 8601 has other forms too."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@lru_cache(maxsize=2048)
def is_zone(name: str) -> bool:
    """Whether it names a time zone, like Europe/Berlin."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def clock(name: str, value: Any) -> time:
    try:
        return datetime.strptime(str(value), "%H:%M").time()
    except ValueError as error:
        raise BadWindow(f"{name} is a time of day like 09:00.", name) from error


def opening_on(window: dict[str, Any], day: datetime) -> tuple[datetime, datetime] | None:
    """When a window opens and closes that begins on the (local) day of `day`; None where that day is off."""
    zone = ZoneInfo(window["time_zone"])
    if day.weekday() not in window["days"] or day.date().isoformat() in window.get(DAYS_OFF, ()):
        return None
    start, end = clock("start", window["start"]), clock("end", window["end"])
    last = day.date() if end > start else day.date() + timedelta(days=1)
    return datetime.combine(day.date(), start, zone), datetime.combine(last, end, zone)


def is_open(window: dict[str, Any] | None, at: datetime) -> bool:
    """Whether mail may go out at `at` (aware). Where the hours follow the leads, always: somewhere they are open, and
    `is_open_for` judges each lead.
    """
    return not window or bool(window.get(FOLLOWS)) or is_open_here(window, at)


def is_open_here(window: dict[str, Any], at: datetime) -> bool:
    """Whether it is open by its own clock. Compared in UTC, so that daylight-saving changes cannot confuse it."""
    local = at.astimezone(ZoneInfo(window["time_zone"]))
    spans = (opening_on(window, local - timedelta(days=back)) for back in (0, 1))
    return any(span and span[0].timestamp() <= at.timestamp() < span[1].timestamp() for span in spans)


def next_opening(window: dict[str, Any] | None, at: datetime) -> datetime:
    """`at` where the window is open, else when it opens next."""
    if not window or is_open(window, at):
        return at
    local = at.astimezone(ZoneInfo(window["time_zone"]))
    # Nine days, a week for each that is off, and one more for hours that the clock leaves out when it is put forward.
    for ahead in range(9 + 7 * (len(window.get(DAYS_OFF, ())) + 1)):
        span = opening_on(window, local + timedelta(days=ahead))
        if span and at.timestamp() < span[0].timestamp() < span[1].timestamp():
            return span[0].astimezone(at.tzinfo)
    raise AssertionError("a window opens at least once a week that has no days off")


def spans(window: dict[str, Any] | None, begins: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
    """When it is open from `begins` (aware) to `ends`, by its own clock also where the hours follow the leads."""
    if not window:
        return [(begins, ends)]
    local = begins.astimezone(ZoneInfo(window["time_zone"])) - timedelta(days=1)
    found = (opening_on(window, local + timedelta(days=ahead)) for ahead in range((ends - begins).days + 4))
    cut = ((max(span[0], begins), min(span[1], ends)) for span in found if span)
    return [span for span in cut if span[0].timestamp() < span[1].timestamp()]


def zone_in(fields: Mapping[str, Any]) -> str:
    """The time zone that a lead's custom fields name; empty where they name none."""
    for name, value in fields.items():
        if name.strip().lower().replace(" ", "_") in ZONE_FIELDS and is_zone(zone := str(value).strip()):
            return zone
    return ""


def opens_for(window: dict[str, Any] | None, at: datetime, zone: str) -> datetime:
    """`at` where the window is open for a lead whose time zone is `zone` (empty: not known), else when it opens for them."""
    if not window or not window.get(FOLLOWS):
        return next_opening(window, at)
    return next_opening(window | {FOLLOWS: False, "time_zone": zone or window["time_zone"]}, at)


def follows_leads(window: dict[str, Any] | None) -> bool:
    return bool(window and window.get(FOLLOWS))


def in_words(window: dict[str, Any] | None) -> str:
    """`Mon–Fri but for 2 days off, 09:00–17:00, Europe/Berlin`; the zone last."""
    if not window:
        return "At any time"
    span = "all day" if window["start"] == window["end"] else f"{window['start']}–{window['end']}"
    zone = f"in the lead’s time zone, else {window['time_zone']}" if window.get(FOLLOWS) else window["time_zone"]
    off = f" but for {counted(len(window[DAYS_OFF]), 'day')} off" if window.get(DAYS_OFF) else ""
    return f"{days_in_words(window['days'])}{off}, {span}, {zone}"


def days_in_words(days: list[int]) -> str:
    """Days of the week, in order; three and more in a row as a span."""
    if len(days) == len(DAYS):
        return "Every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}–{DAYS[days[-1]]}"
    return ", ".join(DAYS[day] for day in days)
