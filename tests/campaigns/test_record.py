"""What campaigns know of senders: days of sending, room under a cap, how the newest mails fared; and what follows."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.engine.claim import allowance
from campaigns.models import Campaign, Message
from campaigns.record import outcomes, room_at, sending_days
from senders import health
from senders.health import Outcomes
from senders.models import Sender
from senders.standing import standing_of
from tests.campaigns.launching import Launcher, only_sender
from tracking.consumer import store

pytestmark = pytest.mark.django_db(transaction=True)


def mails(campaign: Campaign) -> list[int]:
    return list(Message.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True))


def move(pk: int, state: str = "sent", **ago: Any) -> None:
    """A mail that went, or was refused, so long ago."""
    at = timezone.now() - timedelta(**ago)
    Message.objects.filter(pk=pk).update(state=state, sent_at=at if state == "sent" else None, offered_at=at)


def ramping(sender: Sender, **ago: Any) -> Sender:
    started = timezone.now() - timedelta(**ago)
    Sender.objects.filter(pk=sender.pk).update(ramp_start=2, ramp_step=3, ramp_started_at=started)
    sender.refresh_from_db()
    return sender


def test_only_full_days_on_which_it_sent_count(launcher: Launcher) -> None:
    campaign = launcher.start(5)
    sender = ramping(only_sender(campaign), days=10, minutes=5)
    one, two, three, four, five = mails(campaign)
    move(one, days=9)
    move(two, days=8, hours=12)  # the same span of 24 hours
    move(three, days=3)
    move(four, minutes=1)  # today's
    move(five, days=20)  # before
    assert sending_days([sender]) == {sender.pk: 2}
    assert standing_of(sender).cap == 2 + 2 * 3


def test_a_mailbox_that_rested_does_not_jump(launcher: Launcher) -> None:
    sender = ramping(only_sender(launcher.start(1)), days=90)
    assert sending_days([sender]) == {}
    assert allowance(sender) == 2


def test_the_engine_keeps_to_the_ramp_up(launcher: Launcher) -> None:
    campaign = launcher.start(5)
    sender = ramping(only_sender(campaign), days=1, minutes=5)
    one, two = mails(campaign)[:2]
    assert allowance(sender) == 2
    move(one, days=1)
    assert allowance(sender) == 5
    move(two, hours=1)
    assert allowance(sender) == 4


def test_there_is_room_when_the_capth_newest_mail_is_a_day_old(launcher: Launcher) -> None:
    campaign = launcher.start(4)
    sender = only_sender(campaign)
    for hours, pk in enumerate(mails(campaign), start=1):
        move(pk, hours=hours)
    second = room_at(sender.pk, 2)
    assert second is not None
    assert abs(second - timezone.now() - timedelta(hours=22)) < timedelta(minutes=1)
    assert room_at(sender.pk, 5) is None
    assert room_at(sender.pk, 0) is None


def test_the_newest_mails_count_and_those_refused_for_their_address(launcher: Launcher) -> None:
    campaign = launcher.start(6)
    sender = only_sender(campaign)
    sent, bounced, complained, refused, failed, old = mails(campaign)
    for pk in (sent, bounced, complained):
        move(pk, hours=1)
    move(refused, "failed", hours=1)
    move(failed, "failed", hours=1)
    move(old, days=3)
    now = timezone.now()
    Message.objects.filter(pk__in=[bounced, refused, old]).update(bounced_at=now)
    Message.objects.filter(pk=complained).update(complained_at=now)
    assert outcomes(sender.pk, None, 200) == Outcomes(5, 3, 1)
    assert outcomes(sender.pk, None, 4) == Outcomes(4, 2, 1)
    assert outcomes(sender.pk, now - timedelta(days=1), 200) == Outcomes(4, 2, 1)
    assert outcomes(0, None, 200) == Outcomes(0, 0, 0)


def bounce(campaign: Campaign, messages: list[int]) -> None:
    found = Message.objects.in_bulk(messages)
    now = str(int(timezone.now().timestamp() * 1000))
    store(
        [
            {
                "i": f"b{pk}",
                "k": "bounced",
                "m": f"{campaign.organisation_id}.{pk}.{found[pk].lead_id}",
                "u": "",
                "r": "",
                "t": now,
            }
            for pk in messages
        ]
    )


def test_bounces_that_come_in_pause_their_sender(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LEAST", 10)
    campaign = launcher.start(20)
    sender = only_sender(campaign)
    found = mails(campaign)
    for pk in found:
        move(pk, minutes=5)
    bounce(campaign, found[:1])
    sender.refresh_from_db()
    assert sender.state == "active", "5 % of 20 is the limit and not above it"
    bounce(campaign, found[1:2])
    sender.refresh_from_db()
    assert (sender.state, sender.notice_due) == ("paused", True)
    assert sender.state_reason.startswith("2 of its last 20 mails bounced")
