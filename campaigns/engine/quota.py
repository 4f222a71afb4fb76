"""How much a campaign with a daily limit may still plan today.

A day's mails are what was planned before and had not gone out when the day began, and what is planned on it: so limiting
what is planned keeps what is sent within the limit, however many senders and drains there are. Whoever plans holds the
day's row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from campaigns.models import Campaign, CampaignState

# What may go out on the day without being planned on it: in hand when its row is made, or gone since it began.
OPEN_DAYS = """
INSERT INTO campaigns_campaignday (campaign_id, day, carried, carried_new, planned, planned_new)
SELECT asked.campaign, asked.day, held.mails + gone.mails, held.fresh + gone.fresh, 0, 0
FROM unnest(%(campaigns)s::bigint[], %(days)s::date[], %(begun)s::timestamptz[]) AS asked(campaign, day, begun)
CROSS JOIN LATERAL (
    SELECT count(*) AS mails, count(*) FILTER (WHERE fresh) AS fresh FROM campaigns_message
    WHERE campaign_id = asked.campaign
      AND (state IN ('planned', 'sending') OR state = 'unknown' AND offered_at >= asked.begun)) held
CROSS JOIN LATERAL (
    SELECT count(*) AS mails, count(*) FILTER (WHERE message.fresh) AS fresh
    FROM campaigns_campaign_senders chosen
    JOIN campaigns_message message ON message.sender_id = chosen.sender_id
    WHERE chosen.campaign_id = asked.campaign AND message.campaign_id = asked.campaign
      AND message.state = 'sent' AND message.sent_at >= asked.begun) gone
WHERE NOT EXISTS (SELECT FROM campaigns_campaignday known
                  WHERE known.campaign_id = asked.campaign AND known.day = asked.day)
ON CONFLICT (campaign_id, day) DO NOTHING
"""
# Those that another tick is planning with are its own.
HOLD_DAYS = """
SELECT day.campaign_id, carried + planned, carried_new + planned_new FROM campaigns_campaignday day
JOIN unnest(%(campaigns)s::bigint[], %(days)s::date[]) AS asked(campaign, day)
    ON day.campaign_id = asked.campaign AND day.day = asked.day
FOR UPDATE OF day SKIP LOCKED
"""
# Follow-ups that come up before the day ends: room is kept for them, so that new leads do not take it in the morning.
TO_COME = """
SELECT asked.campaign, count(*)
FROM unnest(%(campaigns)s::bigint[], %(rooms)s::int[], %(ends)s::timestamptz[]) AS asked(campaign, room, ends)
JOIN campaigns_step step ON step.campaign_id = asked.campaign AND step.position > 1
CROSS JOIN LATERAL (
    SELECT FROM campaigns_enrollment
    WHERE campaign_id = asked.campaign AND next_position = step.position AND state = 'active' AND due_at < asked.ends
    LIMIT asked.room) follow_up
GROUP BY asked.campaign
"""


@dataclass(frozen=True)
class Quota:
    """How many mails a campaign may plan on `day`, and how many of them to new leads; None: as many as it likes."""

    campaign: int
    day: date
    room: int | None
    fresh: int | None

    def beside(self, follow_ups: int) -> "Quota":
        """With room kept for so many follow-ups."""
        if self.room is None:
            return self
        room = max(0, self.room - follow_ups)
        return replace(self, fresh=room if self.fresh is None else min(room, self.fresh))


def day_at(campaign: Campaign, now: datetime) -> tuple[date, datetime]:
    """The campaign's day, and when it began."""
    zone = ZoneInfo(campaign.time_zone)
    day = now.astimezone(zone).date()
    return day, datetime.combine(day, time.min, zone)


def quotas(now: datetime) -> list[Quota]:
    """Of each running campaign that has a limit, held until the caller's transaction ends."""
    limited = Q(daily_cap__isnull=False) | Q(daily_new__isnull=False)
    capped = list(Campaign.objects.filter(limited, state=CampaignState.RUNNING).order_by("pk"))
    if not capped:
        return []
    days = {campaign.pk: day_at(campaign, now) for campaign in capped}
    used = hold(days)
    found = [quota_of(campaign, days[campaign.pk][0], used.get(campaign.pk)) for campaign in capped]
    to_come = follow_ups(found, {campaign: begun + timedelta(days=1) for campaign, (_, begun) in days.items()})
    return [quota.beside(to_come.get(quota.campaign, 0)) for quota in found]


def follow_ups(quotas: Iterable[Quota], ends: dict[int, datetime]) -> dict[int, int]:
    """Campaign → how many follow-ups come up before its day ends, of those that have room for some."""
    open_days = {quota.campaign: quota.room for quota in quotas if quota.room}
    if not open_days:
        return {}
    asked: dict[str, Any] = {
        "campaigns": list(open_days),
        "rooms": list(open_days.values()),
        "ends": [ends[campaign] for campaign in open_days],
    }
    with connection.cursor() as cursor:
        cursor.execute(TO_COME, asked)
        return dict(cursor.fetchall())


def hold(days: dict[int, tuple[date, datetime]]) -> dict[int, tuple[int, int]]:
    """Campaign → what its day has used up, in all and for new leads, of those that nobody else holds."""
    asked: dict[str, Any] = {
        "campaigns": list(days),
        "days": [day for day, _ in days.values()],
        "begun": [begun for _, begun in days.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN_DAYS, asked)
        cursor.execute(HOLD_DAYS, asked)
        return {campaign: (used, fresh) for campaign, used, fresh in cursor.fetchall()}


def quota_of(campaign: Campaign, day: date, used: Sequence[int] | None) -> Quota:
    """What is left; nothing where another tick has the day."""
    if used is None:
        return Quota(campaign.pk, day, 0, 0)
    return Quota(campaign.pk, day, left(campaign.daily_cap, used[0]), left(campaign.daily_new, used[1]))


def left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)
