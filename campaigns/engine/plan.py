"""From an audience to enrollments, from due enrollments to planned messages; whose drain to wake."""

from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from campaigns.models import Campaign, CampaignState

# How many messages one tick plans at the most; the next tick is a second away.
PLAN_BATCH = 20_000

# Everyone on the campaign's lists, once, but for the suppressed. The lead's sender is decided here, for all its steps,
# by turns. One statement: 100,000 leads in about 1.5 s on PostgreSQL as `up` starts it.
ENROL = """
WITH senders AS (
    SELECT array_agg(sender_id ORDER BY sender_id) AS ids
    FROM campaigns_campaign_senders WHERE campaign_id = %(campaign)s
), audience AS (
    SELECT DISTINCT lead.id
    FROM campaigns_campaign_lists chosen
    JOIN leads_listentry entry ON entry.lead_list_id = chosen.leadlist_id
    JOIN leads_lead lead ON lead.id = entry.lead_id AND lead.organisation_id = %(organisation)s
    WHERE chosen.campaign_id = %(campaign)s
      AND NOT EXISTS (
        SELECT FROM leads_suppression suppressed
        WHERE suppressed.organisation_id = lead.organisation_id AND suppressed.digest = lead.digest)
)
INSERT INTO campaigns_enrollment
    (organisation_id, campaign_id, lead_id, sender_id, state, reason, next_position, due_at, created_at)
SELECT %(organisation)s, %(campaign)s, audience.id,
    senders.ids[1 + (row_number() OVER (ORDER BY audience.id) - 1) %% cardinality(senders.ids)],
    'active', '', 1, now(), now()
FROM audience, senders
WHERE cardinality(senders.ids) > 0
ON CONFLICT (campaign_id, lead_id) DO NOTHING
"""

# O(due): for each running campaign the partial index `enrollment_due` gives the due ones in order, and stops at the
# limit. The variant is drawn by weight: the k-th in running-total order whose total exceeds random() * sum.
PLAN = """
WITH due AS (
    SELECT enrollment.*
    FROM campaigns_campaign campaign
    CROSS JOIN LATERAL (
        SELECT id, organisation_id, campaign_id, lead_id, sender_id, next_position, due_at, random() AS draw
        FROM campaigns_enrollment
        WHERE campaign_id = campaign.id AND state = 'active' AND due_at <= now() AND sender_id IS NOT NULL
        ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) enrollment
    WHERE campaign.state = 'running'
    LIMIT %(limit)s
), weighed AS (
    SELECT variant.id, variant.step_id,
        sum(weight) OVER (PARTITION BY step_id ORDER BY variant.id) AS upto,
        sum(weight) OVER (PARTITION BY step_id) AS total
    FROM campaigns_variant variant
    JOIN campaigns_step step ON step.id = variant.step_id
    WHERE step.campaign_id IN (SELECT campaign_id FROM due) AND weight > 0
), made AS (
    INSERT INTO campaigns_message
        (organisation_id, campaign_id, enrollment_id, step_id, variant_id, lead_id, sender_id, state, message_id,
        due_at,
         attempts, error, provider_id)
    SELECT due.organisation_id, due.campaign_id, due.id, step.id, drawn.id, due.lead_id, due.sender_id, 'planned',
        replace(gen_random_uuid()::text, '-', '') || '@' ||
            CASE WHEN sender.address ~ '@[A-Za-z0-9.-]+$' THEN split_part(sender.address, '@', 2) ELSE %(host)s END,
        due.due_at, 0, '', ''
    FROM due
    JOIN campaigns_step step ON step.campaign_id = due.campaign_id AND step.position = due.next_position
    JOIN senders_sender sender ON sender.id = due.sender_id
    CROSS JOIN LATERAL (
        SELECT id FROM weighed WHERE weighed.step_id = step.id AND upto > due.draw * total ORDER BY upto LIMIT 1
    ) drawn
    ON CONFLICT (enrollment_id, step_id) DO NOTHING
)
UPDATE campaigns_enrollment SET due_at = NULL WHERE id IN (SELECT id FROM due)
"""

# Done: nobody waits for a next step and nothing is on its way. What is unknown waits for a person, not for the
# campaign.
FINISH = """
UPDATE campaigns_campaign campaign SET state = 'finished', finished_at = now()
WHERE state = 'running'
  AND NOT EXISTS (SELECT FROM campaigns_enrollment enrollment
                  WHERE enrollment.campaign_id = campaign.id AND enrollment.state = 'active' AND due_at IS NOT NULL)
  AND NOT EXISTS (SELECT FROM campaigns_message message
                  WHERE message.campaign_id = campaign.id AND message.state IN ('planned', 'sending'))
"""

# A drain that held messages while their campaign was stopped gives them back as planned: they go the way of the others.
SWEEP = """
UPDATE campaigns_message SET state = 'skipped', error = 'The campaign was stopped.'
WHERE state = 'planned' AND campaign_id IN (
    SELECT id FROM campaigns_campaign WHERE state = 'stopped' AND finished_at > now() - interval '1 hour')
"""

SENDERS_WITH_WORK = """
SELECT sender.id FROM senders_sender sender
WHERE sender.state = 'active' AND sender.next_slot_at <= now()
  AND (sender.lease IS NULL OR sender.lease_until < now())
  AND EXISTS (
    SELECT FROM campaigns_message message
    JOIN campaigns_campaign campaign ON campaign.id = message.campaign_id AND campaign.state = 'running'
    WHERE message.sender_id = sender.id AND message.state = 'planned' AND message.due_at <= now())
LIMIT 10000
"""


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
        cursor.execute(PLAN, {"limit": PLAN_BATCH, "host": host})
        return int(cursor.rowcount)


def finish() -> int:
    """Close the running campaigns that have nothing left to send; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(SWEEP)
        cursor.execute(FINISH)
        return int(cursor.rowcount)


def senders_with_work() -> list[int]:
    """The senders that may send now, have something to send, and whose lease is free."""
    with connection.cursor() as cursor:
        cursor.execute(SENDERS_WITH_WORK)
        return [row[0] for row in cursor.fetchall()]


def signal_work(campaign: Campaign) -> None:
    """Plan and wake the campaign's drains after the commit, rather than at the next tick."""
    from campaigns.tasks import tick

    if campaign.state == CampaignState.RUNNING:
        transaction.on_commit(lambda: tick.delay())
