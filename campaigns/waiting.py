"""Why a running campaign sends nothing right now, in words: what a person would otherwise have to guess."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format

from campaigns.models import Campaign
from senders.models import Sender, SenderState
from senders.services import usage
from senders.window import is_open, next_opening

MOST_SENDERS = 20
# Less than this between two mails is the ordinary rhythm, not a wait (seconds).
SHORT = 30


def waiting(campaign: Campaign) -> list[str]:
    """A sentence for the campaign's own hours, or for each sender that rests; empty where everything may send."""
    now = timezone.now()
    zone = ZoneInfo(campaign.time_zone)
    if not is_open(campaign.window, now):
        return [f"Outside its sending hours: it goes on {moment(next_opening(campaign.window, now), zone)}."]
    senders = list(campaign.senders.order_by("pk")[:MOST_SENDERS])
    used = usage([sender.pk for sender in senders if sender.daily_limit is not None])
    return [f"{sender.address} {why}" for sender in senders for why in resting(sender, now, zone, used)][:MOST_SENDERS]


def resting(sender: Sender, now: datetime, zone: ZoneInfo, used: dict[int, int]) -> Iterator[str]:
    """Why `sender` sends nothing now, as what follows its address in a sentence; the first reason alone."""
    if sender.state == SenderState.DISCONNECTED:
        yield f"must be reconnected: {sender.state_reason or sender.last_error}"
    elif sender.state == SenderState.PAUSED:
        yield "is paused."
    elif not is_open(sender.window, now):
        yield f"is outside its sending hours until {moment(next_opening(sender.window, now), zone)}."
    elif sender.daily_limit is not None and used.get(sender.pk, 0) >= sender.daily_limit:
        yield f"has sent its {sender.daily_limit:,} mails of the last 24 hours, which is its limit."
    elif (sender.next_slot_at - now).total_seconds() > SHORT:
        said = f" The server said: {sender.last_error}" if sender.last_error else ""
        yield f"rests until {moment(sender.next_slot_at, zone)}.{said}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time of day with its day, in the campaign's time zone."""
    return f"{date_format(at.astimezone(zone), 'D, M j, H:i')} ({zone.key})"
