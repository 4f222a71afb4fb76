"""Where a sender drops out of a campaign that says so, its new leads go to the campaign's other senders.

Whoever has had a mail already stays with the mailbox that sent it, and waits for it.
"""

from collections import Counter

from django.db import connection

from campaigns.activity import note
from campaigns.models import Campaign
from ecrm.text import counted
from senders.models import Sender

# How many leads of a sender move at once; the next tick is a second away.
BATCH = 2_000

# For each sender of a running campaign that does not send: its planned first mails, straight from the index, by turns to those
# that do. What is claimed is in the hands of a drain, and comes back to planned first.
HAND_OVER = """
WITH lost AS (
    SELECT campaign.id AS campaign_id, sender.id AS sender_id, active.ids
    FROM campaigns_campaign campaign
    JOIN campaigns_campaign_senders chosen ON chosen.campaign_id = campaign.id
    JOIN senders_sender sender ON sender.id = chosen.sender_id AND sender.state <> 'active'
    CROSS JOIN LATERAL (
        SELECT array_agg(other.id ORDER BY other.id) AS ids
        FROM campaigns_campaign_senders also JOIN senders_sender other ON other.id = also.sender_id
        WHERE also.campaign_id = campaign.id AND other.state = 'active') active
    WHERE campaign.state = 'running' AND campaign.hand_over AND cardinality(active.ids) > 0
), moved AS (
    UPDATE campaigns_message message SET sender_id = chosen.taker
    FROM (
        SELECT planned.id, lost.sender_id AS giver, lost.ids[1 + planned.id %% cardinality(lost.ids)] AS taker
        FROM lost
        CROSS JOIN LATERAL (
            SELECT id FROM campaigns_message
            WHERE sender_id = lost.sender_id AND campaign_id = lost.campaign_id AND state = 'planned' AND fresh
            ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED) planned
    ) chosen
    WHERE message.id = chosen.id
    RETURNING message.campaign_id, message.enrollment_id, chosen.giver, chosen.taker
), followed AS (
    UPDATE campaigns_enrollment enrollment SET sender_id = moved.taker
    FROM moved WHERE enrollment.id = moved.enrollment_id
)
SELECT campaign_id, giver, count(*) FROM moved GROUP BY campaign_id, giver
"""


def hand_over() -> int:
    """Move new leads away from senders that dropped out, and write it in their campaigns' logs; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(HAND_OVER, {"batch": BATCH})
        moved = Counter({(campaign, giver): count for campaign, giver, count in cursor.fetchall()})
    for (campaign, giver), count in moved.items():
        log(Campaign.objects.get(pk=campaign), Sender.objects.get(pk=giver), count)
    return moved.total()


def log(campaign: Campaign, giver: Sender, count: int) -> None:
    reason = giver.state_reason or giver.last_error or f"it is {giver.state}"
    note(
        campaign, "handed_over", f"{counted(count, 'new lead')} of {giver.address} went to the other senders: {reason}"
    )
