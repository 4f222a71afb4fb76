"""Why a running campaign sends nothing right now."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from campaigns import engine
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from campaigns.waiting import foretell, waiting
from senders.models import Sender

LATER = timezone.now() + timedelta(hours=5)


def closed() -> dict[str, object]:
    """A window that is not open now, nor within the hour."""
    day = (timezone.now() + timedelta(days=3)).weekday()
    return {"days": [day], "start": "09:00", "end": "10:00", "time_zone": "UTC"}


def test_nothing_is_said_where_everything_may_send(campaign: Campaign) -> None:
    assert waiting(campaign) == []


def test_the_campaigns_own_hours_come_first(campaign: Campaign, sender: Sender) -> None:
    Sender.objects.update(state="paused")
    campaign.window = closed()
    (said,) = waiting(campaign)
    assert said.startswith("Outside its sending hours")
    assert "09:00 (UTC)" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": "paused"}, "alice@acme.example is paused."),
        ({"state": "disconnected", "state_reason": "535 Bad password"}, "must be reconnected: 535 Bad password"),
        (
            {"state": "paused", "held_at": LATER, "state_reason": "9 of its last 60 mails bounced."},
            "alice@acme.example paused itself. 9 of its last 60 mails bounced.",
        ),
        ({"window": closed()}, "is outside its sending hours until"),
        ({"next_slot_at": LATER, "last_error": "421 Too fast"}, "The server said: 421 Too fast"),
    ],
)
def test_each_resting_sender_says_why(campaign: Campaign, values: dict[str, object], said: str) -> None:
    Sender.objects.update(**values)
    (found,) = waiting(campaign)
    assert said in found


def test_a_used_up_limit_is_told(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    Sender.objects.update(daily_limit=2)
    assert waiting(campaign) == []
    Message.objects.filter(lead__email__startswith="a").update(state="sent", sent_at=timezone.now())
    Message.objects.filter(lead__email__startswith="g").update(state="sent", sent_at=timezone.now())
    assert waiting(campaign) == ["alice@acme.example has sent its 2 mails of the last 24 hours, which is its limit."]


def test_a_pause_between_two_mails_is_no_wait(campaign: Campaign) -> None:
    Sender.objects.update(next_slot_at=timezone.now() + timedelta(seconds=10))
    assert waiting(campaign) == []


def test_a_limit_that_is_the_warm_ups_is_told_as_such(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    Sender.objects.update(ramp_start=2, ramp_step=5, ramp_started_at=timezone.now(), daily_limit=50)
    Message.objects.exclude(lead__email__startswith="n").update(state="sent", sent_at=timezone.now())
    assert waiting(campaign) == [
        "alice@acme.example has sent its 2 mails of the last 24 hours, which is its limit while it warms up."
    ]


def test_where_hours_go_by_the_leads_clocks_the_next_mail_is_told(campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    window = {"days": [0], "start": "09:00", "end": "10:00", "time_zone": "UTC", "lead_time_zone": True}
    campaign.window = window
    assert waiting(campaign) == [], "something is due"
    Message.objects.update(due_at=LATER)
    (said,) = waiting(campaign)
    assert said.startswith("Its hours go by the leads’ own clocks: the next mail is due ")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "in its turn"),
        ({"state": "paused"}, "when its sender is resumed"),
        ({"state": "disconnected"}, "when its sender is reconnected"),
        ({"next_slot_at": datetime(2099, 5, 1, 9, 30, tzinfo=UTC)}, "from May 1, 11:30"),
    ],
)
def test_a_planned_mail_is_foretold_by_how_its_sender_stands(
    campaign: Campaign, alice: User, values: dict[str, object], said: str
) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    Sender.objects.update(**values)
    campaign.time_zone = "Europe/Berlin"
    messages = list(Message.objects.select_related("sender"))
    foretell(campaign, messages)
    assert {message.expected for message in messages} == {said}


def test_a_planned_mail_that_is_due_later_waits_for_that_and_one_without_a_sender_for_one(
    campaign: Campaign, alice: User
) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    first, second, third = Message.objects.select_related("sender").order_by("pk")
    first.due_at = datetime(2099, 5, 1, 9, 30, tzinfo=UTC)
    second.sender = None
    third.state = "sent"
    foretell(campaign, [first, second, third])
    assert [first.expected, second.expected, third.expected] == ["from May 1, 09:30", "when it has a sender again", ""]
