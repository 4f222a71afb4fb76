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
from campaigns.models import Campaign, CampaignState
from leads.mailable import mailable
from senders.models import Sender, SenderState
from senders.window import is_open

# How many messages one tick plans at the most, in all and for one campaign, so that a large one does not hold up the
# others; the next tick is a second away.
PLAN_BATCH = 5_000
CAMPAIGN_BATCH = 2_000

# Everyone on the campaign's lists, once, but for the suppressed. The lead's sender is decided here, for all its steps,
# by turns. One statement: 100,000 leads in about 1.5 s on PostgreSQL as `up` starts it.
ENROL = f"""
WITH senders AS (
    SELECT array_agg(sender_id ORDER BY sender_id) AS ids
    FROM campaigns_campaign_senders WHERE campaign_id = %(campaign)s
), audience AS (
    SELECT DISTINCT lead.id
    FROM campaigns_campaign_lists chosen
    JOIN leads_listentry entry ON entry.lead_list_id = chosen.leadlist_id
    JOIN leads_lead lead ON lead.id = entry.lead_id AND lead.organisation_id = %(organisation)s
    WHERE chosen.campaign_id = %(campaign)s
      AND {mailable("lead")}
)
INSERT INTO campaigns_enrollment
    (organisation_id, campaign_id, lead_id, sender_id, state, reason, next_position, due_at, created_at)
SELECT %(organisation)s, %(campaign)s, audience.id,
    senders.ids[1 + (row_number() OVER (ORDER BY audience.id) - 1) %% cardinality(senders.ids)],
    'active', '', 1, now(), now()
FROM audience, senders
WHERE cardinality(senders.ids) > 0
ON CONFLICT (campaign_id, lead_id) DO NOTHING
"""  # noqa: S608  (words of our own)

# O(due): for each running campaign, in a new order each time, the partial index `enrollment_due` gives the due ones in
# order, and stops at the limit. What another tick has locked is its own to plan. The variant is drawn by weight: the first
# whose running total exceeds random() * sum. `wording` is worked out once, not for each enrollment.
# About 0.1 ms for each message (benchmarks.schedule).
PLAN = """
WITH due AS MATERIALIZED (
    SELECT enrollment.*
    FROM (SELECT id FROM campaigns_campaign WHERE state = 'running' ORDER BY random()) campaign
    CROSS JOIN LATERAL (
        SELECT id, organisation_id, campaign_id, lead_id, sender_id, next_position, due_at, random() AS draw
        FROM campaigns_enrollment
        WHERE campaign_id = campaign.id AND state = 'active' AND due_at <= now() AND sender_id IS NOT NULL
        ORDER BY due_at LIMIT %(each)s FOR UPDATE SKIP LOCKED
    ) enrollment
    LIMIT %(limit)s
), weighed AS MATERIALIZED (
    SELECT variant.id, step.id AS step_id, step.campaign_id, step.position,
        sum(weight) OVER (PARTITION BY step.id ORDER BY variant.id)::float8 AS upto
    FROM (SELECT DISTINCT campaign_id FROM due) campaign
    JOIN campaigns_step step ON step.campaign_id = campaign.campaign_id
    JOIN campaigns_variant variant ON variant.step_id = step.id AND variant.weight > 0
), wording AS MATERIALIZED (
    SELECT step_id, campaign_id, position, max(upto) AS total,
        array_agg(id ORDER BY id) AS variants, array_agg(upto ORDER BY id) AS totals
    FROM weighed GROUP BY step_id, campaign_id, position
), made AS (
    INSERT INTO campaigns_message
        (organisation_id, campaign_id, enrollment_id, step_id, variant_id, lead_id, sender_id, state, message_id,
         due_at, attempts, error, provider_id, fresh)
    SELECT due.organisation_id, due.campaign_id, due.id, wording.step_id,
        wording.variants[1 + width_bucket(due.draw * wording.total, wording.totals)],
        due.lead_id, due.sender_id, 'planned',
        replace(gen_random_uuid()::text, '-', '') || '@' ||
            CASE WHEN sender.address ~ '@[A-Za-z0-9.-]+$' THEN split_part(sender.address, '@', 2) ELSE %(host)s END,
        due.due_at, 0, '', '', due.next_position = 1
    FROM due
    JOIN wording ON wording.campaign_id = due.campaign_id AND wording.position = due.next_position
    JOIN senders_sender sender ON sender.id = due.sender_id
    ON CONFLICT (enrollment_id, step_id) DO NOTHING
)
UPDATE campaigns_enrollment SET due_at = NULL WHERE id IN (SELECT id FROM due)
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
          AND message.state = 'planned' AND message.due_at <= now() LIMIT 1) due
    WHERE chosen.sender_id = waiting.id AND chosen.campaign_id = ANY(%(campaigns)s) LIMIT 1
) work
ORDER BY waiting.lease_until NULLS FIRST, waiting.id LIMIT %(most)s
"""  # noqa: S608  (words of our own)


def enrol(campaign: Campaign) -> int:
    """Put everyone on the campaign's lists into it who is not suppressed and not in it yet; returns how many came
    in.
    """
    with connection.cursor() as cursor:
        cursor.execute(ENROL, {"campaign": campaign.pk, "organisation": campaign.organisation_id})
        return int(cursor.rowcount)


def plan() -> int:
    """Make planned messages of what is due in running campaigns; returns how many enrollments it took up."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    with connection.cursor() as cursor:
        cursor.execute(PLAN, {"limit": PLAN_BATCH, "each": CAMPAIGN_BATCH, "host": host})
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
