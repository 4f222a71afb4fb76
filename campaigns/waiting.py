"""Why a running campaign sends nothing right now, in words: what a person would otherwise have to guess."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Min
from django.utils import timezone
from django.utils.formats import date_format

from campaigns.models import Campaign, CampaignState, Message, MessageState
from senders.models import SenderState
from senders.standing import Standing, standings
from senders.window import follows_leads, is_open, next_opening

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
    found = standings(senders)
    said = [f"{stands.sender.address} {why}" for stands in found for why in resting(stands, now, zone)]
    if follows_leads(campaign.window) or any(follows_leads(sender.window) for sender in senders):
        said += sleeping(campaign, now, zone)
    return said[:MOST_SENDERS]


def sleeping(campaign: Campaign, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Where hours go by the leads' clocks: when the next mail is due, if none is now."""
    planned = Message.objects.filter(campaign=campaign, state=MessageState.PLANNED)
    first = planned.aggregate(first=Min("due_at"))["first"]
    if first and (first - now).total_seconds() > SHORT:
        yield f"Its hours go by the leads’ own clocks: the next mail is due {moment(first, zone)}."


def resting(standing: Standing, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Why a sender sends nothing now, as what follows its address in a sentence; the first reason alone."""
    sender = standing.sender
    if sender.state == SenderState.DISCONNECTED:
        yield f"must be reconnected: {sender.state_reason or sender.last_error}"
    elif sender.state == SenderState.PAUSED:
        yield f"paused itself. {sender.state_reason}" if sender.held_at else "is paused."
    elif not is_open(sender.window, now):
        yield f"is outside its sending hours until {moment(next_opening(sender.window, now), zone)}."
    elif standing.is_full:
        yield f"has sent its {standing.cap:,} mails of the last 24 hours, which is its limit{why_so_low(standing)}."
    elif (sender.next_slot_at - now).total_seconds() > SHORT:
        said = f" The server said: {sender.last_error}" if sender.last_error else ""
        yield f"rests until {moment(sender.next_slot_at, zone)}.{said}"


def why_so_low(standing: Standing) -> str:
    return " while it warms up" if standing.is_ramping else ""


def foretell(campaign: Campaign, messages: Iterable[Message]) -> None:
    """Say of each planned message (`expected`) when it goes, or what it waits for; two queries for all of them."""
    planned = [message for message in messages if message.state == MessageState.PLANNED]
    senders = {message.sender.pk: message.sender for message in planned if message.sender}
    found = {standing.sender.pk: standing for standing in standings(senders.values())} if senders else {}
    now = timezone.now()
    for message in planned:
        message.expected = outlook(campaign, message, found.get(message.sender_id or 0), now)


def outlook(campaign: Campaign, message: Message, standing: Standing | None, now: datetime) -> str:
    """When a planned message goes, in the campaign's time zone, or the first thing that it waits for."""
    if campaign.state == CampaignState.PAUSED:
        return "when the campaign is resumed"
    if standing is None:
        return "when it has a sender again"
    if standing.next_at is None:
        paused = standing.sender.state == SenderState.PAUSED
        return f"when its sender is {'resumed' if paused else 'reconnected'}"
    if standing.waits_for_room:
        return "when its sender’s limit allows"
    if message.due_at is None:
        return "when its lead is resumed"
    at = next_opening(campaign.window, max(message.due_at, standing.next_at))
    if (at - now).total_seconds() <= SHORT:
        return "in its turn"
    return f"from {date_format(at.astimezone(ZoneInfo(campaign.time_zone)), 'M j, H:i')}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time of day with its day, in the campaign's time zone."""
    return f"{date_format(at.astimezone(zone), 'D, M j, H:i')} ({zone.key})"
