"""What goes out when, day by day: a model of the engine that counts leads instead of looking at them.

In: how many leads come up when at which step (`counts`), the campaigns' limits and hours (`course`), and what their senders
may send, shared with the organisation's other campaigns (`mailboxes`). Out: mails by day, campaign and step, and when each
campaign ends (`model`). It costs steps × days × kinds of senders, however many leads there are; only PostgreSQL counts them.

It is an estimate: conditions count as if they were met, nobody answers or unsubscribes, mails go as soon as the hours begin,
and hours by the leads' own clocks are taken by the window's. Leads who are paused do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Organisation
from campaigns.forecast.counts import load
from campaigns.forecast.days import days_from
from campaigns.forecast.mailboxes import mailboxes_of
from campaigns.forecast.model import Forecast, run
from campaigns.models import ENDED, Campaign, CampaignState
from ecrm.database import TooSlow, within

# How far the calendar looks ahead, and the end of a campaign is looked for, in days.
WEEKS_DAYS = 35
YEAR_DAYS = 366
# How many campaigns are looked at beside one; those whose mails go first.
MOST_CAMPAIGNS = 100
# How long leads may be counted, in milliseconds.
COUNT_MS = 5000
TO_COME = (CampaignState.RUNNING, CampaignState.SCHEDULED)


@dataclass(frozen=True)
class Finish:
    """When a campaign has sent its last mail, a day of its time zone; None: not within a year."""

    day: date | None


def finish_estimate(campaign: Campaign) -> Finish | None:
    """By what its senders may send; None where that cannot be said: nobody to write to, nobody to send, too many to count."""
    try:
        found = of_campaign(campaign, YEAR_DAYS)
    except TooSlow:
        return None
    if not any(pk == campaign.pk for _, pk, _ in found.mails):
        return None
    return Finish(found.ends.get(campaign.pk))


def of_campaign(campaign: Campaign, days: int = WEEKS_DAYS) -> Forecast:
    """Of a campaign, as if a draft started and a paused one went on now, and of those that share senders with it. Raises
    TooSlow.
    """
    if campaign.state in ENDED:
        return Forecast()
    live = Campaign.objects.filter(organisation=campaign.organisation, state__in=TO_COME).exclude(pk=campaign.pk)
    sharing = live.filter(senders__in=campaign.senders.all()).distinct().order_by("priority", "pk")
    return forecast([campaign, *sharing[:MOST_CAMPAIGNS]], ZoneInfo(campaign.time_zone), days, matter=1)


def of_organisation(organisation: Organisation, zone: ZoneInfo, days: int = WEEKS_DAYS) -> Forecast:
    """Of all that runs or will start by itself. Raises TooSlow."""
    coming = list(organisation.campaigns.filter(state__in=TO_COME).order_by("priority", "pk")[:MOST_CAMPAIGNS])
    return forecast(coming, zone, days, matter=len(coming))


def forecast(campaigns: Sequence[Campaign], zone: ZoneInfo, days: int, *, matter: int) -> Forecast:
    """What they send from now on, in days of `zone`, until the first `matter` of them are through. Raises TooSlow."""
    if not campaigns:
        return Forecast()
    now = timezone.now()
    with within(COUNT_MS):
        mailboxes = mailboxes_of(campaigns)
        courses = load(campaigns, mailboxes, now, zone)
    return run(courses, mailboxes.groups, days_from(now, zone, days), matter)
