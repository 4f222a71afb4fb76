"""A campaign's way through the forecast: who is due when, what is planned of it, and what has gone."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from campaigns.forecast.days import Day, Hours, due_after
from campaigns.forecast.mailboxes import UNLIMITED, Group
from campaigns.models import Campaign, Step

# Leads by their group of senders (its place among all) and the position of the step that they come to.
Leads = Counter[tuple[int, int]]


@dataclass
class Course:
    """`zone` is the forecast's, whose days count. `due`: leads by the day on which they come up; `ready`: those that did, and
    are not planned; `planned`: mails that may go, by group and step. `stuck`: leads without a sender that sends. `used`:
    mails that count for the day, `fresh` of them to new leads.
    """

    campaign: Campaign
    zone: ZoneInfo
    hours: Hours
    steps: dict[int, Step] = field(default_factory=dict)
    due: defaultdict[date, Leads] = field(default_factory=lambda: defaultdict(Counter))
    ready: Leads = field(default_factory=Counter)
    planned: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    stuck: int = 0
    used: int = 0
    fresh: int = 0
    last: date | None = None

    @property
    def goes_on(self) -> bool:
        """Whether more mails are to come that somebody sends."""
        return bool(self.due or self.ready or any(mails.total() for mails in self.planned.values()))

    def open(self) -> None:
        """Begin a day: what is planned already counts for it (campaigns.engine.quota)."""
        self.used = sum(mails.total() for mails in self.planned.values())
        self.fresh = sum(mails[1] for mails in self.planned.values())

    def come_up(self, place: int, position: int, at: datetime, count: int, group: Group) -> None:
        """So many leads are due at `at`, or when the hours begin after it."""
        opens = group.hours.opening(self.hours.opening(at))
        self.due[opens.astimezone(self.zone).date()][place, position] += count

    def plan(self, day: Day) -> None:
        """Plan who is due, follow-ups first, and within what the campaign may send in a day."""
        for arrived in [when for when in self.due if when <= day.date]:
            self.ready += self.due.pop(arrived)
        for position in sorted({position for _, position in self.ready}, reverse=True):
            waiting = {place: count for (place, at), count in self.ready.items() if at == position}
            for place, count in shared(self.room(position), waiting).items():
                self.ready[place, position] -= count
                self.planned[place][position] += count
                self.used += count
                self.fresh += count if position == 1 else 0
        self.ready = +self.ready

    def room(self, position: int) -> int:
        """How many mails of a step may still be planned on this day."""
        campaign = self.campaign
        room = UNLIMITED if campaign.daily_cap is None else campaign.daily_cap - self.used
        if position == 1 and campaign.daily_new is not None:
            room = min(room, campaign.daily_new - self.fresh)
        return max(0, room)

    def send(self, day: Day, at: datetime, place: int, position: int, count: int, group: Group) -> None:
        """So many of a group and step go out at `at`; their leads come to the next step."""
        self.planned[place][position] -= count
        self.last = day.date
        if following := self.steps.get(position + 1):
            due = due_after(at, following, ZoneInfo(self.campaign.time_zone))
            self.come_up(place, position + 1, due, count, group)


def shared(room: int, waiting: Mapping[int, int]) -> dict[int, int]:
    """What of `room` each gets that waits: all where it is enough, else by their numbers, what is left over to the first."""
    total = sum(waiting.values())
    parts = {key: count if total <= room else count * room // total for key, count in waiting.items() if count}
    for key in list(parts)[: min(room, total) - sum(parts.values())]:
        parts[key] += 1
    return {key: count for key, count in parts.items() if count}
