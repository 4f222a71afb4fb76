"""A campaign over time as shapes to draw: sent as bars, opened and clicked as lines above them.

In: the buckets of `stats.chart`. Out: a `Chart` in a space of WIDTH by HEIGHT that the page stretches to any width;
its words stand beside the picture, so that they keep their size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.stats import Bucket

WIDTH, HEIGHT = 1000, 200
# Of a slot, how much its bar fills; no bar is wider than this, so that a single one is no wall.
FILL, WIDEST = 0.7, 60
MOST_LABELS = 5
# Where an axis may end, in tenths of a power of ten.
ROUND = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
DAY = 86400


@dataclass(frozen=True)
class Slot:
    """One bucket: its place, its bar, and what it says when it is pointed at."""

    x: float
    width: float
    bar_x: float
    bar_width: float
    bar_y: float
    bar_height: float
    label: str
    sent: int
    opened: int
    clicked: int


@dataclass(frozen=True)
class Chart:
    """`opened` and `clicked` are paths; `ticks` are the values at the left, from the top."""

    slots: list[Slot]
    opened: str
    clicked: str
    ticks: list[int]
    labels: list[str]
    zone: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def grid(self) -> list[float]:
        """Where the ticks' lines run."""
        return [height(tick, self.ticks[0]) for tick in self.ticks]


def draw(buckets: Sequence[Bucket], time_zone: str) -> Chart | None:
    """The chart of these buckets; None where there is nothing to draw."""
    if not buckets:
        return None
    span = buckets[1].start - buckets[0].start if len(buckets) > 1 else timedelta(minutes=1)
    # Whole days are counted in UTC, so they are named in UTC too.
    zone = ZoneInfo("UTC" if span.total_seconds() >= DAY else time_zone)
    most = ceiling(max(max(bucket.sent, bucket.opened, bucket.clicked) for bucket in buckets))
    slots = [
        slot(number, bucket, len(buckets), most, named(bucket.start, span, zone))
        for number, bucket in enumerate(buckets)
    ]
    return Chart(
        slots,
        line(slots, [bucket.opened for bucket in buckets], most),
        line(slots, [bucket.clicked for bucket in buckets], most),
        [most, most // 2, 0] if most % 2 == 0 else [most, 0],
        axis_labels(buckets, span, zone),
        zone.key,
    )


def ceiling(most: int) -> int:
    """The next round number that is not below `most`, 2 at least: the top of the axis."""
    size = 1
    while True:
        for tenths in ROUND:
            top, rest = divmod(tenths * size, 10)
            if not rest and top >= max(most, 2):
                return top
        size *= 10


def height(value: int, most: int) -> float:
    """How far below the top `value` stands."""
    return round(HEIGHT - HEIGHT * value / most, 1)


def slot(number: int, bucket: Bucket, count: int, most: int, label: str) -> Slot:
    width = WIDTH / count
    bar = min(width * FILL, WIDEST)
    top = height(bucket.sent, most)
    return Slot(
        round(number * width, 1),
        round(width, 1),
        round(number * width + (width - bar) / 2, 1),
        round(bar, 1),
        top,
        round(HEIGHT - top, 1),
        label,
        bucket.sent,
        bucket.opened,
        bucket.clicked,
    )


def line(slots: Sequence[Slot], values: Sequence[int], most: int) -> str:
    """An SVG path through the values, empty where all are 0; a single one is a dot (no length, round ends)."""
    if not any(values):
        return ""
    points = [
        f"{place.x + place.width / 2:g} {height(value, most):g}" for place, value in zip(slots, values, strict=True)
    ]
    return "M" + " L".join(points * 2 if len(points) == 1 else points)


def named(start: datetime, span: timedelta, zone: ZoneInfo) -> str:
    """A bucket in words: a day, or from when until when."""
    local = start.astimezone(zone)
    if span == timedelta(days=1):
        return f"{local:%b} {local.day}"
    end = (start + span).astimezone(zone)
    if span > timedelta(days=1):
        return f"{local:%b} {local.day} to {end:%b} {end.day}"
    return f"{local:%b} {local.day}, {local:%H:%M}–{end:%H:%M}"


def axis_labels(buckets: Sequence[Bucket], span: timedelta, zone: ZoneInfo) -> list[str]:
    """The times under the chart, evenly spaced from the first bucket to the last: at most MOST_LABELS."""
    count = min(len(buckets), MOST_LABELS)
    if count == 1:
        return [named(buckets[0].start, span, zone)]
    chosen = [
        buckets[round(number * (len(buckets) - 1) / (count - 1))].start.astimezone(zone) for number in range(count)
    ]
    days = len({at.date() for at in chosen})
    if span >= timedelta(days=1):
        return [f"{at:%b} {at.day}" for at in chosen]
    return [f"{at:%b} {at.day}, {at:%H:%M}" if days > 1 else f"{at:%H:%M}" for at in chosen]
