"""What a drain may take into its hands, how much of it, and in which order."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.engine.claim import Claimed, allowance, claim, open_campaigns, rest_until_allowed
from campaigns.engine.lease import lease_of
from campaigns.models import Campaign, CampaignState, Message
from leads.models import Lead
from senders.models import Sender
from tests.campaigns.launching import Launcher, message_to, only_sender, states

pytestmark = pytest.mark.django_db(transaction=True)


def claimed(sender: Sender, campaigns: list[Campaign], limit: int = 100) -> list[Claimed]:
    with lease_of(sender.pk) as lease:
        assert lease is not None
        return claim(sender, lease, [campaign.pk for campaign in campaigns], limit)


def age(campaign: Campaign, email: str, state: str, **ago: Any) -> None:
    """A message that went, or may have gone, out so long ago."""
    at = timezone.now() - timedelta(**ago)
    pk = message_to(campaign, email).pk
    Message.objects.filter(pk=pk).update(state=state, sent_at=at if state == "sent" else None, offered_at=at)


def test_messages_come_in_the_order_in_which_they_are_due_across_campaigns(launcher: Launcher) -> None:
    sender = launcher.sender()
    one, two = launcher.start(3, senders=[sender]), launcher.start(3, senders=[sender])
    now = timezone.now()
    for minutes, campaign, email in ((9, two, "lead2"), (8, one, "lead0"), (7, two, "lead0"), (6, one, "lead2")):
        pk = message_to(campaign, f"{email}@example.com").pk
        Message.objects.filter(pk=pk).update(due_at=now - timedelta(minutes=minutes))
    batch = claimed(sender, [one, two], 4)
    assert [(message.campaign.pk, message.lead.email) for message in batch] == [
        (two.pk, "lead2@example.com"),
        (one.pk, "lead0@example.com"),
        (two.pk, "lead0@example.com"),
        (one.pk, "lead2@example.com"),
    ]
    assert Message.objects.filter(state="sending", attempts=1).count() == 4


def test_only_the_campaigns_asked_for_and_only_what_is_due(launcher: Launcher) -> None:
    sender = launcher.sender()
    one, two = launcher.start(3, senders=[sender]), launcher.start(3, senders=[sender])
    late = message_to(one, "lead1@example.com").pk
    Message.objects.filter(pk=late).update(due_at=timezone.now() + timedelta(minutes=1))
    assert len(claimed(sender, [one])) == 2
    assert states(two) == {"planned": 3}


def test_without_the_lease_nothing_is_claimed(launcher: Launcher) -> None:
    campaign = launcher.start(3)
    assert claim(only_sender(campaign), uuid.uuid4(), [campaign.pk], 10) == []
    assert states(campaign) == {"planned": 3}


def test_a_sender_paused_meanwhile_claims_nothing(launcher: Launcher) -> None:
    campaign = launcher.start(3)
    sender = only_sender(campaign)
    with lease_of(sender.pk) as lease:
        assert lease is not None
        Sender.objects.filter(pk=sender.pk).update(state="paused")
        assert claim(sender, lease, [campaign.pk], 10) == []


def test_a_lead_that_was_erased_is_gone_with_its_message(launcher: Launcher) -> None:
    campaign = launcher.start(3)
    Lead.objects.get(email="lead1@example.com").delete()
    assert {message.lead.email for message in claimed(only_sender(campaign), [campaign])} == {
        "lead0@example.com",
        "lead2@example.com",
    }


def test_running_campaigns_with_an_open_window_are_open(launcher: Launcher) -> None:
    now = timezone.now()
    sender = launcher.sender()
    running, paused, closed = (launcher.start(1, senders=[sender]) for _ in range(3))
    launcher.start(1, senders=[launcher.sender("bob")])
    Campaign.objects.filter(pk=paused.pk).update(state=CampaignState.PAUSED)
    window = {"days": [(now.weekday() + 3) % 7], "start": "00:00", "end": "00:00", "time_zone": "UTC"}
    Campaign.objects.filter(pk=closed.pk).update(window=window)
    assert open_campaigns(sender, now) == [running.pk]


def test_the_daily_limit_counts_the_last_24_hours_and_what_may_have_gone_out(launcher: Launcher) -> None:
    campaign = launcher.start(6)
    sender = only_sender(campaign)
    assert allowance(sender) is None
    sender.daily_limit = 5
    assert allowance(sender) == 5
    age(campaign, "lead0@example.com", "sent", hours=23)
    age(campaign, "lead1@example.com", "sent", hours=25)
    age(campaign, "lead2@example.com", "unknown", hours=1)
    age(campaign, "lead3@example.com", "sending", minutes=1)
    age(campaign, "lead4@example.com", "failed", minutes=1)
    assert allowance(sender) == 2
    sender.daily_limit = 1
    assert allowance(sender) == 0, "a limit that was lowered is not less than nothing"


@pytest.mark.parametrize(("hours", "least", "most"), [(23.999, 1, 10), (1, 50, 61)])
def test_a_sender_at_its_limit_rests_until_a_mail_is_a_day_old_but_looks_again_each_minute(
    launcher: Launcher, hours: float, least: float, most: float
) -> None:
    campaign = launcher.start(1)
    sender = only_sender(campaign)
    age(campaign, "lead0@example.com", "sent", hours=hours)
    rest_until_allowed(sender)
    sender.refresh_from_db()
    assert least < (sender.next_slot_at - timezone.now()).total_seconds() < most
