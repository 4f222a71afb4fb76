"""What goes out when, as the engine would do it: limits, delays, hours, shared senders."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation
from campaigns.forecast import Finish, finish_estimate, of_campaign, of_organisation
from campaigns.forecast.course import shared
from campaigns.forecast.days import due_after
from campaigns.models import Campaign, CampaignState, Enrollment, Message, Step
from campaigns.wording import StepContent
from senders.models import Sender
from tests.campaigns.launching import Launcher

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
OFFICE = {"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "17:00", "time_zone": "UTC"}


@pytest.fixture(autouse=True)
def on_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: MONDAY)


def start(launcher: Launcher, leads: int, **values: Any) -> Campaign:
    """A campaign that runs, and whose first mails were planned on Monday."""
    campaign = launcher.start(leads, **values)
    Message.objects.filter(campaign=campaign).update(due_at=MONDAY)
    return campaign


def mails(campaign: Campaign, days: int = 35) -> dict[tuple[int, int], int]:
    """(Days from Monday, step) → mails."""
    found = of_campaign(campaign, days).mails
    return {((day - MONDAY.date()).days, step): count for (day, pk, step), count in found.items() if pk == campaign.pk}


def steps(*delays: dict[str, Any]) -> list[StepContent]:
    return [StepContent(subject=f"Step {at}", body_html="<p>x</p>", **delay) for at, delay in enumerate(delays, 1)]


def test_a_draft_goes_as_its_senders_limit_allows(launcher: Launcher) -> None:
    sender = launcher.sender(daily_limit=4)
    campaign = launcher.draft(10, senders=[sender], steps=steps({}, {"delay_hours": 48}), window=OFFICE)
    # Follow-ups go first: on Wednesday the four of Monday, so that new leads wait until Friday.
    assert mails(campaign) == {(0, 1): 4, (1, 1): 4, (2, 2): 4, (3, 2): 4, (4, 1): 2, (7, 2): 2}
    assert finish_estimate(campaign) == Finish(date(2026, 11, 30))


def test_a_campaigns_own_limits(launcher: Launcher) -> None:
    campaign = launcher.draft(10, steps=steps({}, {"delay_hours": 24}))
    Campaign.objects.filter(pk=campaign.pk).update(daily_cap=5, daily_new=3)
    campaign.refresh_from_db()
    assert mails(campaign) == {(0, 1): 3, (1, 2): 3, (1, 1): 2, (2, 2): 2, (2, 1): 3, (3, 2): 3, (3, 1): 2, (4, 2): 2}


def test_a_warm_up_and_pauses_between_mails(launcher: Launcher) -> None:
    warming = launcher.sender("warming", ramp_start=2, ramp_step=2, ramp_ceiling=5)
    assert mails(launcher.draft(16, senders=[warming])) == {(0, 1): 2, (1, 1): 4, (2, 1): 5, (3, 1): 5}
    slow = launcher.sender("slow", gap_seconds=3600)
    assert mails(launcher.draft(20, senders=[slow], window=OFFICE)) == {(0, 1): 8, (1, 1): 8, (2, 1): 4}


def test_leads_stay_with_their_sender_however_little_it_sends(launcher: Launcher) -> None:
    small, large = launcher.sender("small", daily_limit=1), launcher.sender("large", daily_limit=100)
    campaign = launcher.draft(8, senders=[small, large])
    assert mails(campaign) == {(0, 1): 5, (1, 1): 1, (2, 1): 1, (3, 1): 1}


def test_senders_alike_are_looked_at_as_one(launcher: Launcher) -> None:
    campaign = launcher.draft(8, senders=[launcher.sender(f"s{at}", daily_limit=1) for at in range(4)])
    assert mails(campaign) == {(0, 1): 4, (1, 1): 4}


def test_days_off_and_the_weekend_are_left_out(launcher: Launcher) -> None:
    off = OFFICE | {"days_off": ["2026-11-23", "2026-11-26"]}
    campaign = launcher.draft(3, steps=steps({}, {"delay_hours": 48}, {"delay_hours": 24}), window=off)
    assert mails(campaign) == {(1, 1): 3, (4, 2): 3, (7, 3): 3}


def test_of_two_that_share_a_sender_the_more_urgent_goes_first(launcher: Launcher) -> None:
    sender = launcher.sender(daily_limit=3)
    urgent = start(launcher, 5, senders=[sender], name="Urgent")
    Campaign.objects.filter(pk=urgent.pk).update(priority=1)
    campaign = launcher.draft(5, senders=[sender])
    assert mails(campaign) == {(1, 1): 1, (2, 1): 3, (3, 1): 1}
    found = of_organisation(launcher.acme, ZoneInfo("UTC")).mails
    assert found == {(date(2026, 11, 23), urgent.pk, 1): 3, (date(2026, 11, 24), urgent.pk, 1): 2}, (
        "drafts do not count"
    )


def test_what_runs_goes_on_from_where_its_leads_are(launcher: Launcher) -> None:
    campaign = start(launcher, 4, steps=steps({}, {"delay_hours": 24}))
    first = Enrollment.objects.filter(campaign=campaign).order_by("pk")
    gone = first.first()
    assert gone
    gone.messages.all().delete()
    Enrollment.objects.filter(pk=gone.pk).update(next_position=2, due_at=MONDAY + timedelta(days=3))
    assert mails(campaign) == {(0, 1): 3, (1, 2): 3, (3, 2): 1}
    assert finish_estimate(campaign) == Finish(date(2026, 11, 26))
    Enrollment.objects.filter(pk=gone.pk).update(state="paused")
    assert mails(campaign) == {(0, 1): 3, (1, 2): 3}, "who is paused does not count"


def test_a_start_that_is_still_to_come(launcher: Launcher) -> None:
    campaign = launcher.draft(2)
    Campaign.objects.filter(pk=campaign.pk).update(
        state=CampaignState.SCHEDULED, start_at=MONDAY + timedelta(days=8), time_zone="Asia/Tokyo"
    )
    campaign.refresh_from_db()
    assert mails(campaign) == {(8, 1): 2}


def test_what_cannot_be_said(launcher: Launcher, acme: Organisation) -> None:
    campaign = launcher.draft(1, steps=steps({}, {"delay_hours": 370 * 24}))
    assert finish_estimate(campaign) == Finish(None), "not within a year"
    Sender.objects.update(state="paused")
    assert finish_estimate(campaign) is None
    Campaign.objects.update(state=CampaignState.STOPPED)
    campaign.refresh_from_db()
    assert (mails(campaign), finish_estimate(campaign)) == ({}, None)
    assert of_organisation(acme, ZoneInfo("UTC")).mails == {}


def test_who_waits_for_a_paused_sender_keeps_a_campaign_from_ending(launcher: Launcher) -> None:
    resting, other = launcher.sender("resting"), launcher.sender("other")
    campaign = start(launcher, 4, senders=[resting, other])
    Sender.objects.filter(pk=resting.pk).update(state="paused")
    assert mails(campaign) == {(0, 1): 2}
    assert finish_estimate(campaign) == Finish(None)
    Campaign.objects.update(hand_over=True)
    campaign.refresh_from_db()
    assert mails(campaign) == {(0, 1): 4}
    assert finish_estimate(campaign) == Finish(date(2026, 11, 23))


def test_it_asks_the_database_as_often_for_many_leads_as_for_few(launcher: Launcher) -> None:
    def queries(leads: int) -> int:
        campaign = launcher.start(
            leads, senders=[launcher.sender(f"of{leads}")], lists=[launcher.people(leads, str(leads))]
        )
        with CaptureQueriesContext(
            connection,
        ) as captured:
            of_campaign(campaign)
        return len(captured)

    assert queries(1) == queries(9)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.integers(1, 12),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
def test_business_days_are_counted_as_in_sql(at: datetime, days: int, zone: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT campaigns_due_after(%s, 0, %s, %s)", [at, days, zone])
        (expected,) = cursor.fetchone()
    found = due_after(at, Step(delay_business_days=days), ZoneInfo(zone))
    assert found.date() == expected.astimezone(ZoneInfo(zone)).date()
    assert abs(found - expected) <= timedelta(hours=1), "an hour that the clock leaves out or has twice"


@given(st.integers(0, 100), st.dictionaries(st.integers(0, 9), st.integers(0, 50)))
def test_what_is_shared_is_all_given_out(room: int, waiting: dict[int, int]) -> None:
    parts = shared(room, waiting)
    assert sum(parts.values()) == min(room, sum(waiting.values()))
    assert all(0 < count <= waiting[key] for key, count in parts.items())
