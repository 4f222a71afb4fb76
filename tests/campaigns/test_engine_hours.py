"""By each lead's own clock: who sleeps is put off until morning there, and holds up nobody else."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.engine.hours import claim_awake
from campaigns.engine.lease import lease_of
from campaigns.models import Campaign, Message
from leads.models import Lead
from senders.models import Sender
from senders.window import opens_for
from tests.campaigns.launching import Launcher, message_to, only_sender, states

pytestmark = pytest.mark.django_db(transaction=True)
DAY, NIGHT, UNKNOWN = "lead0@example.com", "lead1@example.com", "lead2@example.com"


def zone_at(hour: int) -> str:
    """A zone where it is about `hour` o'clock now."""
    now = datetime.now(UTC)
    offset = (hour - now.hour) % 24
    return f"Etc/GMT{-offset:+d}" if offset <= 14 else f"Etc/GMT{24 - offset:+d}"


@pytest.fixture
def window() -> dict[str, object]:
    """Ten to fourteen by the lead's clock; where that is not known, it is noon."""
    return {
        "days": list(range(7)),
        "start": "10:00",
        "end": "14:00",
        "time_zone": zone_at(12),
        "lead_time_zone": True,
    }


@pytest.fixture
def campaign(launcher: Launcher) -> Campaign:
    campaign = launcher.start(3)
    Lead.objects.filter(email=DAY).update(fields={"Time zone": zone_at(12)})
    Lead.objects.filter(email=NIGHT).update(fields={"time_zone": zone_at(0)})
    return campaign


def test_the_zones_of_this_test_are_right() -> None:
    for hour in (0, 12):
        assert datetime.now(ZoneInfo(zone_at(hour))).hour == hour


@pytest.mark.parametrize("whose", ["sender", "campaign"])
def test_who_sleeps_is_put_off_and_the_others_are_sent(
    launcher: Launcher, campaign: Campaign, window: dict[str, object], whose: str
) -> None:
    rows = Sender.objects if whose == "sender" else Campaign.objects
    rows.update(window=window)
    sender = only_sender(campaign)
    assert engine.senders_with_work() == [sender.pk]
    assert engine.drain(sender.pk).counts == {"sent": 2}
    assert sorted(launcher.received()) == [DAY, UNKNOWN]
    waiting = message_to(campaign, NIGHT)
    assert (waiting.state, waiting.attempts, waiting.lease) == ("planned", 0, None)
    assert waiting.due_at == opens_for(window, timezone.now(), zone_at(0))
    assert timedelta(hours=9) < waiting.due_at - timezone.now() <= timedelta(hours=10)
    assert engine.senders_with_work() == [], "nobody is woken for it before"


def test_in_the_morning_it_goes(launcher: Launcher, campaign: Campaign, window: dict[str, object]) -> None:
    Sender.objects.update(window=window)
    engine.drain(only_sender(campaign).pk)
    Lead.objects.filter(email=NIGHT).update(fields={"time_zone": zone_at(12)})
    Message.objects.filter(state="planned").update(due_at=timezone.now())
    engine.drain(only_sender(campaign).pk)
    assert states(campaign) == {"sent": 3}


def test_one_mail_at_a_time_finds_the_one_who_is_awake(
    launcher: Launcher, campaign: Campaign, window: dict[str, object]
) -> None:
    Sender.objects.update(window=window)
    now = timezone.now()
    for minutes, email in ((3, NIGHT), (2, DAY), (1, UNKNOWN)):
        Message.objects.filter(pk=message_to(campaign, email).pk).update(due_at=now - timedelta(minutes=minutes))
    sender = only_sender(campaign)
    with lease_of(sender.pk) as lease:
        assert lease is not None
        batch = claim_awake(sender, lease, [campaign.pk], 1, now)
    assert [message.lead.email for message in batch] == [DAY]
    assert states(campaign) == {"sending": 1, "planned": 2}
    given_back = message_to(campaign, UNKNOWN).due_at
    assert given_back is not None
    assert given_back < now, "claimed on the way, given back as it was"


def test_without_a_window_that_follows_leads_nothing_is_put_off(campaign: Campaign) -> None:
    sender = only_sender(campaign)
    with lease_of(sender.pk) as lease:
        assert lease is not None
        assert len(claim_awake(sender, lease, [campaign.pk], 10, timezone.now())) == 3


def test_without_the_lease_nothing_is_put_off(campaign: Campaign, window: dict[str, object]) -> None:
    Sender.objects.update(window=window)
    sender = only_sender(campaign)
    assert claim_awake(sender, uuid.uuid4(), [campaign.pk], 10, timezone.now()) == []
    assert states(campaign) == {"planned": 3}
