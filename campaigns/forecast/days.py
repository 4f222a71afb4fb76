"""The days that a forecast is about, the hours that windows leave on them, and when the next step is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.models import Step
from senders.window import FOLLOWS, next_opening, spans

Span = tuple[datetime, datetime]
FRIDAY = 5  # as ISO counts


@dataclass(frozen=True)
class Day:
    """A day of the forecast's time zone, from midnight (the first one from now) to midnight."""

    date: date
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Open:
    """When mail may first go out on a day, and for how many seconds in all."""

    first: datetime
    seconds: float


class Hours:
    """A window by its own clock, also where it follows the leads'; each day and moment is worked out once."""

    def __init__(self, window: dict[str, Any] | None) -> None:
        own = window | {FOLLOWS: False} if window else None
        self.on = cache(lambda day: spans(own, day.begins, day.ends))
        self.opening = cache(lambda at: next_opening(own, at))


def days_from(now: datetime, zone: ZoneInfo, count: int) -> list[Day]:
    """Today and those after it."""
    today = now.astimezone(zone).date()
    dates = [today + timedelta(days=ahead) for ahead in range(count + 1)]
    midnights = [datetime.combine(day, time.min, zone) for day in dates]
    return [
        Day(day, max(begins, now.astimezone(zone)), ends)
        for day, begins, ends in zip(dates, midnights, midnights[1:], strict=False)
    ]


def common(one: Sequence[Span], other: Sequence[Span]) -> Open | None:
    """When both are open, as lists of spans of one day; None where they never are."""
    both = [(max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other]
    found = [(begins, ends) for begins, ends in both if begins.timestamp() < ends.timestamp()]
    return Open(min(begins for begins, _ in found), length(found)) if found else None


def length(spans: Sequence[Span]) -> float:
    """Of all together, in seconds, whatever the clocks were put to meanwhile."""
    return sum(ends.timestamp() - begins.timestamp() for begins, ends in spans)


def due_after(at: datetime, step: Step, zone: ZoneInfo) -> datetime:
    """When the step is due whose predecessor went at `at`; as `campaigns_due_after` (migration 0006) does in SQL."""
    if not step.delay_business_days:
        return (at.astimezone(UTC) + timedelta(hours=step.delay_hours)).astimezone(at.tzinfo)
    local = at.astimezone(zone)
    weekday, count = local.isoweekday(), step.delay_business_days
    weekends = (min(weekday, FRIDAY) - 1 + count) // 5
    return local + timedelta(days=count + 2 * weekends - max(weekday - FRIDAY, 0))
