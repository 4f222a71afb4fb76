"""A campaign's way through the forecast: who is due when, what is planned of it, and what has gone."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from campaigns.forecast.days import Day, Hours, due_after
from campaigns.forecast.mailboxes import UNLIMITED, Group
from campaigns.models import Campaign, Step


class Mail(NamedTuple):
    """A step, by its position, the day on which it is due, and the one on which the hours let it go."""

    position: int
    due: date
    opens: date


# Leads by their group of senders (its place among all) and the mail that they come to.
Leads = Counter[tuple[int, Mail]]


@dataclass
class Course:
    """`zone` is the forecast's, whose days count. `due`: leads by the day on which they come up; `ready`: those that did, and
    are not planned; `planned`: mails that may go, by group. `stuck`: leads without a sender that sends. `used`:
    mails that count for the day, `fresh` of them to new leads.
    """

    campaign: Campaign
    zone: ZoneInfo
    hours: Hours
    steps: dict[int, Step] = field(default_factory=dict)
    due: defaultdict[date, Leads] = field(default_factory=lambda: defaultdict(Counter))
    ready: Leads = field(default_factory=Counter)
    planned: defaultdict[int, Counter[Mail]] = field(default_factory=lambda: defaultdict(Counter))
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
        planned = (mail for mails in self.planned.values() for mail in mails.items())
        self.fresh = sum(count for mail, count in planned if mail.position == 1)

    def come_up(self, place: int, position: int, at: datetime, count: int, group: Group) -> None:
        """So many leads are due at `at`, and may be written to once the hours begin after it."""
        mail = self.mail(position, at, group)
        self.due[mail.due][place, mail] += count

    def mail(self, position: int, at: datetime, group: Group) -> Mail:
        """What is due at `at`."""
        opens = group.hours.opening(self.hours.opening(at))
        return Mail(position, at.astimezone(self.zone).date(), opens.astimezone(self.zone).date())

    def plan(self, day: Day) -> None:
        """Plan who is due within what the campaign may send in a day: new leads last, and first who was due before this day."""
        for arrived in [when for when in self.due if when <= day.date]:
            self.ready += self.due.pop(arrived)
        for mail in sorted({mail for _, mail in self.ready}, key=lambda mail: turn_of(mail, day)):
            waiting = {place: count for (place, which), count in self.ready.items() if which == mail}
            for place, count in shared(self.room(mail.position), waiting).items():
                self.ready[place, mail] -= count
                self.planned[place][mail] += count
                self.used += count
                self.fresh += count if mail.position == 1 else 0
        self.ready = +self.ready

    def room(self, position: int) -> int:
        """How many mails of a step may still be planned on this day."""
        campaign = self.campaign
        room = UNLIMITED if campaign.daily_cap is None else campaign.daily_cap - self.used
        if position == 1 and campaign.daily_new is not None:
            room = min(room, campaign.daily_new - self.fresh)
        return max(0, room)

    def send(self, day: Day, at: datetime, place: int, mail: Mail, count: int, group: Group) -> None:
        """So many of a group's go out at `at`; their leads come to the next step."""
        self.planned[place][mail] -= count
        if not self.planned[place][mail]:
            del self.planned[place][mail]
        self.last = day.date
        if following := self.steps.get(mail.position + 1):
            due = due_after(at, following, ZoneInfo(self.campaign.time_zone))
            self.come_up(place, mail.position + 1, due, count, group)


def turn_of(mail: Mail, day: Day) -> tuple[bool, bool, int, date]:
    """Sorts what is planned on a day: a follow-up that comes up on it has its room kept, and the last steps come first."""
    return mail.position == 1, mail.due == day.date, -mail.position, mail.due


def shared(room: int, waiting: Mapping[int, int]) -> dict[int, int]:
    """What of `room` each gets that waits: all where it is enough, else by their numbers, what is left over to the first."""
    total = sum(waiting.values())
    parts = {key: count if total <= room else count * room // total for key, count in waiting.items() if count}
    for key in list(parts)[: min(room, total) - sum(parts.values())]:
        parts[key] += 1
    return {key: count for key, count in parts.items() if count}
