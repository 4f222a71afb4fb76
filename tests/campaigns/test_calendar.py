"""Weeks of mails: what went out, what is to come, which weeks there are."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation
from campaigns.calendar import MOST_LINES, CalendarDay, Line, campaign_calendar, organisation_calendar, weeks_of
from campaigns.models import Campaign, CampaignState, Message
from tests.campaigns.launching import Launcher

pytestmark = pytest.mark.django_db(transaction=True)
WEDNESDAY = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)  # half past midnight on Thursday in Berlin
MONDAY, THURSDAY = date(2026, 11, 23), date(2026, 11, 26)


@pytest.fixture(autouse=True)
def on_wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: WEDNESDAY)


def busy(days: list[CalendarDay]) -> dict[date, tuple[list[Line], list[Line]]]:
    return {day.date: (day.sent, day.coming) for day in days if day.is_busy}


def test_what_went_out_and_what_is_to_come_in_the_campaigns_days(launcher: Launcher) -> None:
    campaign = launcher.start(3, senders=[launcher.sender(daily_limit=2)], time_zone="Europe/Berlin")
    Message.objects.update(due_at=WEDNESDAY)
    gone = Message.objects.filter(campaign=campaign).order_by("pk").first()
    assert gone
    Message.objects.filter(pk=gone.pk).update(state="sent", sent_at=datetime(2026, 11, 22, 23, 15, tzinfo=UTC))
    found = campaign_calendar(campaign, None)
    assert busy(found.days) == {MONDAY: ([Line("Step 1", 1)], []), THURSDAY: ([], [Line("Step 1", 2)])}
    assert [day.date for day in found.days if day.is_today] == [THURSDAY]
    assert (found.zone, found.ends, found.too_many) == ("Europe/Berlin", THURSDAY, False)
    assert [week[0].date for week in found.weeks] == [MONDAY], "empty weeks at the ends are left out"


def test_the_organisations_days_name_campaigns(launcher: Launcher, acme: Organisation) -> None:
    one, two = (
        launcher.start(count, senders=[launcher.sender(name)], name=name, lists=[launcher.people(count, name)])
        for name, count in (("Spring", 1), ("Summer", 3))
    )
    Message.objects.update(due_at=WEDNESDAY)
    launcher.draft(2, senders=[launcher.sender("third")], name="Draft")
    found = organisation_calendar(acme, None)
    lines = [Line("Summer", 3, two.pk), Line("Spring", 1, one.pk)]
    assert busy(found.days) == {WEDNESDAY.date(): ([], lines)}


def test_on_a_day_of_many_campaigns_the_smallest_are_taken_together() -> None:
    lines = [Line(f"Campaign {at}", 10, at) for at in range(MOST_LINES + 2)]
    (week,) = weeks_of(MONDAY, THURSDAY, {}, {THURSDAY: lines})
    assert (len(week[3].coming), week[3].more_coming, week[3].more_sent) == (MOST_LINES, 20, 0)


def test_weeks_are_turned_from_the_first_to_those_about_now(campaign: Campaign) -> None:
    Campaign.objects.update(created_at=WEDNESDAY - timedelta(weeks=10))
    campaign.refresh_from_db()
    newest = campaign_calendar(campaign, None)
    assert (newest.earlier, newest.later) == (date(2026, 10, 5), None)
    oldest = campaign_calendar(campaign, date(2020, 1, 1))
    assert (oldest.earlier, oldest.later) == (None, date(2026, 10, 26))
    assert campaign_calendar(campaign, date.max).later is None


def test_of_an_ended_campaign_its_last_weeks_are_shown(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    long_ago = datetime(2026, 3, 4, 12, tzinfo=UTC)
    Message.objects.update(state="sent", sent_at=long_ago)
    Campaign.objects.update(state=CampaignState.FINISHED, started_at=long_ago, finished_at=long_ago)
    campaign.refresh_from_db()
    found = campaign_calendar(campaign, None)
    assert busy(found.days) == {date(2026, 3, 4): ([Line("Step 1", 1)], [])}
    assert (found.earlier, found.later) == (None, None)
