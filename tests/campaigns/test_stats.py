"""Every number of a campaign: messages by state, leads by what happened, people and machines apart."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.editing import update_campaign
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from campaigns.stats import MOST_BUCKETS, Stats, chart, sender_usage, stats, stats_of, top_links, totals
from campaigns.wording import StepContent
from senders.models import Sender
from tracking.models import Event

NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    return campaign


def sent(email: str, at: datetime | None = None, **happened: Any) -> Message:
    message = Message.objects.get(lead__email=email)
    at = at or timezone.now()
    Message.objects.filter(pk=message.pk).update(state="sent", sent_at=at, **happened)
    return message


def test_a_draft_counts_nothing(campaign: Campaign) -> None:
    assert stats(campaign) == Stats()


def test_states_are_counted_by_message_and_the_rest_by_lead(running: Campaign) -> None:
    now = timezone.now()
    sent("ada@example.com", opened_at=now, clicked_at=now)
    sent("grace@example.com", machine_opened_at=now)
    counted = stats(running)
    assert counted == Stats(leads=3, planned=1, sent=2, opened=1, clicked=1, machine_opened=1)
    assert (counted.done, counted.total) == (2, 3)


def test_a_lead_that_opens_two_steps_counts_once(campaign: Campaign, alice: User) -> None:
    content = StepContent("Hi", "<p>Hi</p>")
    update_campaign(campaign, {"steps": [content, content]})
    start_campaign(campaign, alice)
    engine.plan()
    first = sent("ada@example.com", opened_at=timezone.now())
    second = campaign.steps.get(position=2)
    Message.objects.create(
        organisation=first.organisation,
        campaign=campaign,
        enrollment=first.enrollment,
        step=second,
        variant=second.variants.get(),
        lead=first.lead,
        state="sent",
        sent_at=timezone.now(),
        opened_at=timezone.now(),
    )
    counted = stats(campaign)
    assert (counted.sent, counted.opened) == (2, 1)


def test_several_campaigns_are_counted_apart(running: Campaign, strangers: Campaign) -> None:
    assert stats_of([running.pk, strangers.pk]) == {running.pk: Stats(leads=3, planned=3), strangers.pk: Stats()}
    assert stats_of([]) == {}


def test_totals_are_of_the_organisations_last_days(running: Campaign, acme: Organisation, charlie: User) -> None:
    now = timezone.now()
    sent("ada@example.com", opened_at=now, unsubscribed_at=now)
    sent("grace@example.com", at=now - timedelta(days=31))
    counted = totals(acme)
    assert (counted.sent, counted.opened, counted.clicked, counted.unsubscribed) == (1, 1, 0, 1)
    assert totals(charlie.organisations.get()).sent == 0


def test_usage_counts_the_last_24_hours(running: Campaign, sender: Sender) -> None:
    sent("ada@example.com")
    sent("grace@example.com", at=timezone.now() - timedelta(hours=25))
    assert sender_usage([sender.pk]) == {sender.pk: 1}


def test_the_chart_is_empty_before_the_first_mail(running: Campaign) -> None:
    assert chart(running) == []


def test_the_chart_counts_in_equal_spans_without_a_hole(running: Campaign) -> None:
    sent("ada@example.com", NOON, opened_at=NOON + timedelta(minutes=2), clicked_at=NOON + timedelta(minutes=2))
    sent("grace@example.com", NOON + timedelta(seconds=10))
    buckets = chart(running)
    assert [(bucket.sent, bucket.opened, bucket.clicked) for bucket in buckets] == [(2, 0, 0), (0, 0, 0), (0, 1, 1)]
    assert [bucket.start for bucket in buckets] == [NOON.replace(second=0) + timedelta(minutes=n) for n in range(3)]


@pytest.mark.parametrize("span", [timedelta(hours=3), timedelta(days=3), timedelta(days=300), timedelta(days=3000)])
def test_a_long_campaign_has_wider_spans_not_more_of_them(running: Campaign, span: timedelta) -> None:
    sent("ada@example.com", NOON, opened_at=NOON + span)
    buckets = chart(running)
    assert 3 < len(buckets) <= MOST_BUCKETS or span.days == 3000
    assert (buckets[0].sent, buckets[-1].opened) == (1, 1)


def test_links_are_counted_by_lead_people_first(running: Campaign, strangers: Campaign) -> None:
    sent("ada@example.com", clicked_at=timezone.now())
    sent("grace@example.com", clicked_at=timezone.now())
    clicks = [("ada", "https://a.example", False), ("ada", "https://a.example", False)]
    clicks += [("grace", "https://a.example", False), ("grace", "https://b.example", True)]
    for number, (name, url, machine) in enumerate(clicks):
        message = Message.objects.get(lead__email=f"{name}@example.com")
        Event.objects.create(
            organisation=running.organisation,
            message_id=message.pk,
            lead_id=message.lead_id,
            kind="clicked",
            url=url,
            machine=machine,
            at=timezone.now(),
            stream_id=str(number),
        )
    found = [(link.url, link.people, link.machines) for link in top_links(running)]
    assert found == [("https://a.example", 2, 0), ("https://b.example", 0, 1)]
    assert [link.url for link in top_links(running, limit=1)] == ["https://a.example"]
    assert top_links(strangers) == []


def test_the_numbers_of_many_campaigns_are_one_query(
    running: Campaign, strangers: Campaign, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(1):
        stats_of([running.pk, strangers.pk])


def test_outcomes_stand_one_behind_the_other_and_say_what_is_left() -> None:
    counted = Stats(leads=70, planned=2, sending=1, sent=1, failed=50, skipped=12)
    assert [(part.state, part.count, part.before) for part in counted.outcomes] == [
        ("sent", 1, 0),
        ("failed", 50, 1),
        ("skipped", 12, 51),
    ]
    assert counted.left == 7
    assert [(part.said, part.count) for part in Stats().outcomes] == [("sent", 0)]
