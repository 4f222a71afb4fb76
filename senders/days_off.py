"""Days off as people write them: one date a line, or the first and the last of several."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from senders.window import DAYS_OFF, MOST_DAYS_OFF, BadWindow

DATE = r"(\d{4}-\d{2}-\d{2})"
LINE = re.compile(rf"{DATE}(?:\s*(?:–|—|-|\.\.|to|until)\s*{DATE})?")
# Nobody writes more; what is longer is not read.
MOST_TYPED = 5000


def days_in(text: str) -> list[str]:
    """The dates that the lines name, for `window.clean`; raises BadWindow."""
    found: list[str] = []
    for line in filter(None, (line.strip().rstrip(",;") for line in text.splitlines())):
        first, last = span_in(line)
        days = (last - first).days + 1
        if days < 1:
            raise BadWindow(f"“{line}” ends before it begins.", DAYS_OFF)
        if len(found) + days > MOST_DAYS_OFF * 2:  # some may be named twice
            raise BadWindow(f"These are too many days off; {MOST_DAYS_OFF} is the most.", DAYS_OFF)
        found += [(first + timedelta(days=later)).isoformat() for later in range(days)]
    return found


def span_in(line: str) -> tuple[date, date]:
    try:
        if match := LINE.fullmatch(line):
            return date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1])
    except ValueError:
        pass
    raise BadWindow(f"“{line[:60]}” is not a date; write 2026-12-24, or 2026-12-24 – 2026-12-31.", DAYS_OFF)


def in_lines(days: Iterable[str]) -> str:
    """Dates, in order, as lines: those in a row as their first and last."""
    spans: list[tuple[date, date]] = []
    for day in map(date.fromisoformat, days):
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return "\n".join(f"{first}" if first == last else f"{first} – {last}" for first, last in spans)
