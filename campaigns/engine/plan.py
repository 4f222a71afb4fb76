"""From an audience to enrollments, from due enrollments to planned messages; whose drain to wake."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from campaigns.engine.lease import HOLDS
from campaigns.engine.quota import quotas
from campaigns.models import Campaign, CampaignState
from senders.models import Sender, SenderState
from senders.window import is_open

# How many messages one tick plans at the most, in all and for one campaign, so that a large one does not hold up the
# others; the next tick is a second away.
PLAN_BATCH = 5_000
CAMPAIGN_BATCH = 2_000

# O(due): for each running campaign, in a new order each time, and each of its steps, the last one first, the partial index
# `enrollment_due` gives the due ones in order, and stops at the limit. What another tick has locked is its own to plan.
# So follow-ups come before new leads, and both within what the campaign's day has room for (`quota`).
# Whose step has a condition that is not met goes on to the next step. The variant is drawn by weight, the first whose running
# total exceeds random() * sum, or is the step's winner. `wording` is worked out once, not for each enrollment.
# About 0.1 ms for each message (benchmarks.schedule).
PLAN = """
WITH quota AS MATERIALIZED (
    SELECT * FROM unnest(%(campaigns)s::bigint[], %(days)s::date[], %(rooms)s::int[], %(fresh)s::int[])
        AS quota(campaign_id, day, room, fresh)
), due AS MATERIALIZED (
    SELECT enrollment.*
    FROM (
        SELECT running.id, least(quota.room, %(each)s) AS room, least(quota.fresh, quota.room, %(each)s) AS fresh
        FROM campaigns_campaign running LEFT JOIN quota ON quota.campaign_id = running.id
        WHERE state = 'running' ORDER BY random()
    ) campaign
    CROSS JOIN LATERAL (
        SELECT found.*
        FROM (SELECT id, position, condition FROM campaigns_step WHERE campaign_id = campaign.id ORDER BY position DESC) step
        CROSS JOIN LATERAL (
            SELECT id, organisation_id, campaign_id, lead_id, sender_id, next_position, due_at, step.id AS step_id,
                step.condition, random() AS draw
            FROM campaigns_enrollment
            WHERE campaign_id = campaign.id AND next_position = step.position AND state = 'active' AND due_at <= now()
              AND sender_id IS NOT NULL
            ORDER BY due_at LIMIT CASE WHEN step.position = 1 THEN campaign.fresh ELSE campaign.room END
            FOR UPDATE SKIP LOCKED
        ) found
        LIMIT campaign.room
    ) enrollment
    LIMIT %(limit)s
), judged AS MATERIALIZED (
    SELECT due.*, CASE condition
        WHEN 'opened' THEN did.opened WHEN 'not_opened' THEN NOT did.opened
        WHEN 'clicked' THEN did.clicked WHEN 'not_clicked' THEN NOT did.clicked
        ELSE true END AS met
    FROM due
    CROSS JOIN LATERAL (
        SELECT count(coalesce(opened_at, clicked_at)) > 0 AS opened, count(clicked_at) > 0 AS clicked
        FROM campaigns_message WHERE due.condition <> '' AND enrollment_id = due.id) did
), weighed AS MATERIALIZED (
    SELECT variant.id, step.id AS step_id, sum(weight) OVER (PARTITION BY step.id ORDER BY variant.id)::float8 AS upto
    FROM (SELECT DISTINCT step_id FROM due) used
    JOIN campaigns_step step ON step.id = used.step_id
    JOIN campaigns_variant variant ON variant.step_id = step.id
    WHERE CASE WHEN step.winner_id IS NULL THEN variant.weight > 0 ELSE variant.id = step.winner_id END
), wording AS MATERIALIZED (
    SELECT step_id, count(*) AS variants, max(upto) AS total, array_agg(id ORDER BY id) AS ids,
        array_agg(upto ORDER BY id) AS totals
    FROM weighed GROUP BY step_id
), made AS (
    INSERT INTO campaigns_message
        (organisation_id, campaign_id, enrollment_id, step_id, variant_id, lead_id, sender_id, state, message_id,
         due_at, attempts, error, provider_id, fresh)
    SELECT judged.organisation_id, judged.campaign_id, judged.id, judged.step_id,
        CASE WHEN wording.variants = 1 THEN wording.ids[1]
             ELSE wording.ids[1 + width_bucket(judged.draw * wording.total, wording.totals)] END,
        judged.lead_id, judged.sender_id, 'planned',
        replace(gen_random_uuid()::text, '-', '') || '@' ||
            CASE WHEN sender.address ~ '@[A-Za-z0-9.-]+$' THEN split_part(sender.address, '@', 2) ELSE %(host)s END,
        judged.due_at, 0, '', '', judged.next_position = 1
    FROM judged
    JOIN wording ON wording.step_id = judged.step_id
    JOIN senders_sender sender ON sender.id = judged.sender_id
    WHERE judged.met
    ON CONFLICT (enrollment_id, step_id) DO NOTHING
    RETURNING campaign_id, fresh
), counted AS (
    UPDATE campaigns_campaignday today SET planned = planned + new.mails, planned_new = planned_new + new.fresh
    FROM (SELECT campaign_id, count(*) AS mails, count(*) FILTER (WHERE fresh) AS fresh FROM made GROUP BY campaign_id) new
    JOIN quota ON quota.campaign_id = new.campaign_id
    WHERE today.campaign_id = quota.campaign_id AND today.day = quota.day
)
UPDATE campaigns_enrollment enrollment SET
    next_position = enrollment.next_position + CASE WHEN judged.met THEN 0 ELSE 1 END,
    state = CASE WHEN judged.met OR following.id IS NOT NULL THEN 'active' ELSE 'finished' END,
    due_at = CASE WHEN judged.met OR following.id IS NULL THEN NULL
        ELSE campaigns_due_after(now(), following.delay_hours, following.delay_business_days, campaign.time_zone) END
FROM judged
JOIN campaigns_campaign campaign ON campaign.id = judged.campaign_id
LEFT JOIN campaigns_step following
    ON following.campaign_id = judged.campaign_id AND following.position = judged.next_position + 1
WHERE enrollment.id = judged.id
"""

# Whose drain to wake, those first whose last turn ended longest ago. `planned` walks over the partial index from sender to
# sender, whatever lies between them: with nothing planned it is over at once. Then, in that order, one probe for each
# running campaign says whether something is due in one that is open (`campaigns`), until there are enough: ORDER BY and
# LIMIT below keep their places, since PostgreSQL flattens neither subquery. `closed` are the senders' windows that are not.
SENDERS_WITH_WORK = f"""
WITH RECURSIVE planned AS (
    (SELECT sender_id FROM campaigns_message
     WHERE state = 'planned' AND sender_id IS NOT NULL ORDER BY sender_id LIMIT 1)
    UNION ALL
    SELECT (SELECT message.sender_id FROM campaigns_message message
            WHERE message.state = 'planned' AND message.sender_id > planned.sender_id
            ORDER BY message.sender_id LIMIT 1)
    FROM planned WHERE planned.sender_id IS NOT NULL
)
SELECT waiting.id
FROM (
    SELECT sender.id, sender.lease_until
    FROM planned JOIN senders_sender sender ON sender.id = planned.sender_id
    WHERE sender.state = 'active' AND sender.next_slot_at <= now() AND (sender.lease IS NULL OR NOT {HOLDS})
      AND (sender.window IS NULL OR sender.window <> ALL(%(closed)s::jsonb[]))
    ORDER BY sender.lease_until NULLS FIRST, sender.id
) waiting
CROSS JOIN LATERAL (
    SELECT FROM campaigns_campaign_senders chosen
    CROSS JOIN LATERAL (
        SELECT FROM campaigns_message message
        WHERE message.sender_id = waiting.id AND message.campaign_id = chosen.campaign_id
          AND message.state = 'planned' AND message.fresh IN (false, true) AND message.due_at <= now() LIMIT 1) due
    WHERE chosen.sender_id = waiting.id AND chosen.campaign_id = ANY(%(campaigns)s) LIMIT 1
) work
ORDER BY waiting.lease_until NULLS FIRST, waiting.id LIMIT %(most)s
"""  # noqa: S608  (words of our own)


def plan() -> int:
    """Make planned messages of what is due in running campaigns; returns how many enrollments it took up."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    with transaction.atomic(), connection.cursor() as cursor:
        held = quotas(timezone.now())
        limits: dict[str, Any] = {
            "campaigns": [quota.campaign for quota in held],
            "days": [quota.day for quota in held],
            "rooms": [quota.room for quota in held],
            "fresh": [quota.fresh for quota in held],
        }
        cursor.execute(PLAN, limits | {"limit": PLAN_BATCH, "each": CAMPAIGN_BATCH, "host": host})
        return int(cursor.rowcount)


def open_now(now: datetime) -> list[int]:
    """The running campaigns that may send at this time of day and week."""
    running = Campaign.objects.filter(state=CampaignState.RUNNING).values_list("pk", "window")
    open_at = windows_at(now)
    return [pk for pk, window in running if open_at(window)]


def closed_now(now: datetime) -> list[str]:
    """The active senders' windows, each once and as JSON, in which nothing may be sent at this time."""
    windows = Sender.objects.filter(state=SenderState.ACTIVE, window__isnull=False).values_list("window", flat=True)
    return [json.dumps(window) for window in windows.distinct() if not is_open(window, now)]


def windows_at(now: datetime) -> Callable[[Any], bool]:
    """`senders.window.is_open` at `now`, which looks at each different window once: thousands share a few."""
    known: dict[str, bool] = {}

    def look(window: dict[str, Any] | None) -> bool:
        key = repr(window)
        if key not in known:
            known[key] = is_open(window, now)
        return known[key]

    return look


def senders_with_work(most: int = 10_000) -> list[int]:
    """Up to `most` senders that may send now, have something to send, and whose lease is free; those that have waited
    longest first.
    """
    now = timezone.now()
    campaigns = open_now(now)
    if not campaigns:
        return []
    with connection.cursor() as cursor:
        cursor.execute(SENDERS_WITH_WORK, {"campaigns": campaigns, "closed": closed_now(now), "most": most})
        return [sender for (sender,) in cursor.fetchall()]


def signal_work(campaign: Campaign) -> None:
    """Plan and wake the campaign's drains after the commit, rather than at the next tick; without Redis, that has to
    do.
    """
    from campaigns.tasks import tick

    if campaign.state == CampaignState.RUNNING:
        transaction.on_commit(lambda: tick.apply_async(expires=10, retry=False), robust=True)
