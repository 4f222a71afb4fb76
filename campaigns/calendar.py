"""Weeks of mails: what went out on each day, counted, and what is to come, as `forecast` has it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Organisation
from campaigns.forecast import TO_COME, YEAR_DAYS, of_campaign, of_organisation
from campaigns.forecast.model import Forecast
from campaigns.models import ENDED, Campaign, Message, MessageState
from ecrm.database import TooSlow

WEEKS = 6
WEEK = timedelta(days=7)
# How many campaigns are named on one day.
MOST_LINES = 5
# Mails by day, campaign (its primary key) and step (its position).
Mails = Counter[tuple[date, int, int]]


@dataclass(frozen=True)
class Line:
    """So many mails of one day: of a step, or of the campaign `campaign`."""

    label: str
    count: int
    campaign: int | None = None


@dataclass
class CalendarDay:
    """`more_sent` and `more_coming`: mails of the campaigns that are not named."""

    date: date
    is_today: bool
    sent: list[Line] = field(default_factory=list)
    coming: list[Line] = field(default_factory=list)
    more_sent: int = 0
    more_coming: int = 0

    @property
    def is_busy(self) -> bool:
        return bool(self.sent or self.coming)


@dataclass(frozen=True)
class Calendar:
    """`earlier` and `later`: the Mondays with which the pages before and after begin. `too_many`: what is to come could not be
    counted in time. `ends`: when the campaign is through, about.
    """

    weeks: list[list[CalendarDay]]
    zone: str
    earlier: date | None
    later: date | None
    too_many: bool = False
    ends: date | None = None

    @property
    def days(self) -> list[CalendarDay]:
        """Those to list one below the other."""
        return [day for week in self.weeks for day in week if day.is_busy or day.is_today]


@dataclass(frozen=True)
class Pages:
    """Which weeks may be turned to: those that begin from `oldest` to `newest`, both Mondays."""

    oldest: date
    newest: date

    def first(self, asked: date | None) -> date:
        return max(self.oldest, min(self.newest, monday(asked or self.newest)))

    def earlier(self, first: date) -> date | None:
        return max(self.oldest, first - WEEKS * WEEK) if first > self.oldest else None

    def later(self, first: date) -> date | None:
        return min(self.newest, first + WEEKS * WEEK) if first < self.newest else None


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def campaign_calendar(campaign: Campaign, asked: date | None) -> Calendar:
    """The campaign's weeks from `asked` on (None: those about now, or its last ones), in its time zone."""
    zone = ZoneInfo(campaign.time_zone)
    today = timezone.now().astimezone(zone).date()
    born = (campaign.started_at or campaign.created_at).astimezone(zone).date()
    newest = monday(today) - WEEK
    if campaign.state in ENDED:
        over = (campaign.finished_at or timezone.now()).astimezone(zone).date()
        newest = monday(over) - (WEEKS - 1) * WEEK
    pages = Pages(min(monday(born), newest), newest)
    first = pages.first(asked)
    went = sent(Message.objects.filter(campaign=campaign), first, zone)
    try:
        found, too_many = of_campaign(campaign, YEAR_DAYS), False
    except TooSlow:
        found, too_many = Forecast(), True
    coming = Counter({key: count for key, count in found.mails.items() if key[1] == campaign.pk})
    weeks = weeks_of(first, today, steps_on(went), steps_on(coming))
    return Calendar(weeks, zone.key, pages.earlier(first), pages.later(first), too_many, found.ends.get(campaign.pk))


def organisation_calendar(organisation: Organisation, asked: date | None) -> Calendar:
    """The same of all campaigns together, each day by campaign; in the time zone of the newest that sends or will."""
    newest_one = organisation.campaigns.order_by("-pk")
    leading = newest_one.filter(state__in=TO_COME).first() or newest_one.first()
    zone = ZoneInfo(leading.time_zone if leading else "UTC")
    today = timezone.now().astimezone(zone).date()
    pages = Pages(
        min(monday(organisation.created_at.astimezone(zone).date()), monday(today) - WEEK), monday(today) - WEEK
    )
    first = pages.first(asked)
    went = sent(Message.objects.filter(organisation=organisation), first, zone)
    try:
        coming, too_many = of_organisation(organisation, zone).mails, False
    except TooSlow:
        coming, too_many = Counter(), True
    names = dict(organisation.campaigns.filter(pk__in={key[1] for key in (*went, *coming)}).values_list("pk", "name"))
    weeks = weeks_of(first, today, campaigns_on(went, names), campaigns_on(coming, names))
    return Calendar(weeks, zone.key, pages.earlier(first), pages.later(first), too_many)


def sent(messages: QuerySet[Message], first: date, zone: ZoneInfo) -> Mails:
    """What of these went out in the weeks from `first` on."""
    begins = datetime.combine(first, time.min, zone)
    ends = datetime.combine(first + WEEKS * WEEK, time.min, zone)
    gone = messages.filter(state=MessageState.SENT, sent_at__gte=begins, sent_at__lt=ends)
    by_day = gone.annotate(day=TruncDate("sent_at", tzinfo=zone)).values("day", "campaign_id", "step__position")
    counted = by_day.annotate(count=Count("pk")).values_list("day", "campaign_id", "step__position", "count")
    return Counter({(day, campaign, position): count for day, campaign, position, count in counted})


def steps_on(mails: Mails) -> dict[date, list[Line]]:
    """Days → a line for each step, in order."""
    found: dict[date, list[Line]] = {}
    for (day, _, position), count in sorted(mails.items()):
        found.setdefault(day, []).append(Line(f"Step {position}", count))
    return found


def campaigns_on(mails: Mails, names: dict[int, str]) -> dict[date, list[Line]]:
    """Days → a line for each campaign, what sends most first."""
    totals: Counter[tuple[date, int]] = Counter()
    for (day, campaign, _), count in mails.items():
        totals[day, campaign] += count
    found: dict[date, list[Line]] = {}
    for (day, campaign), count in totals.most_common():
        if campaign in names:  # else it was deleted just now
            found.setdefault(day, []).append(Line(names[campaign], count, campaign))
    return found


def weeks_of(
    first: date, today: date, went: dict[date, list[Line]], coming: dict[date, list[Line]]
) -> list[list[CalendarDay]]:
    """The weeks from `first` on, but for empty ones at either end that today is not in."""
    weeks = [
        [day_of(first + week * WEEK + timedelta(days=at), today, went, coming) for at in range(7)]
        for week in range(WEEKS)
    ]
    told = [at for at, week in enumerate(weeks) if any(day.is_busy or day.is_today for day in week)]
    return weeks[told[0] : told[-1] + 1] if any(day.is_busy for week in weeks for day in week) else []


def day_of(day: date, today: date, went: dict[date, list[Line]], coming: dict[date, list[Line]]) -> CalendarDay:
    past, future = went.get(day, []), coming.get(day, [])
    return CalendarDay(
        day,
        day == today,
        past[:MOST_LINES],
        future[:MOST_LINES],
        sum(line.count for line in past[MOST_LINES:]),
        sum(line.count for line in future[MOST_LINES:]),
    )
