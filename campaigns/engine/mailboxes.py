"""Which of a campaign's senders are there to stay, and who takes up the mails of one that is gone."""

from collections.abc import Sequence

from django.db import connection

from campaigns.models import Campaign

# Against the deletion of a sender (FOR UPDATE, senders.services.delete_sender) and nothing else: drains go on writing its
# slot and its lease. One that was deleted while we waited is not among the rows.
HOLD = """
SELECT sender.id FROM campaigns_campaign_senders chosen
JOIN senders_sender sender ON sender.id = chosen.sender_id
WHERE chosen.campaign_id = %(campaign)s ORDER BY sender.id FOR KEY SHARE OF sender
"""
# The lead's whole conversation moves, so that its next step has a sender too.
ADOPT = """
WITH active AS (
    SELECT array_agg(sender.id ORDER BY sender.id) AS ids
    FROM campaigns_campaign_senders chosen
    JOIN senders_sender sender ON sender.id = chosen.sender_id AND sender.state = 'active'
    WHERE chosen.campaign_id = %(campaign)s
), adopted AS (
    UPDATE campaigns_message message SET sender_id = active.ids[1 + message.id %% cardinality(active.ids)]
    FROM active
    WHERE message.campaign_id = %(campaign)s AND message.id = ANY(%(messages)s::bigint[])
      AND message.state = 'unknown' AND message.sender_id IS NULL AND cardinality(active.ids) > 0
    RETURNING message.enrollment_id, message.sender_id
)
UPDATE campaigns_enrollment enrollment SET sender_id = adopted.sender_id
FROM adopted WHERE enrollment.id = adopted.enrollment_id
"""


def hold_senders(campaign: Campaign) -> int:
    """Nobody deletes the campaign's senders until the caller's transaction ends; returns how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD, {"campaign": campaign.pk})
        return int(cursor.rowcount)


def adopt(campaign: Campaign, messages: Sequence[int]) -> None:
    """Give those of these unknown messages whose sender was deleted to the campaign's active senders, by turns."""
    with connection.cursor() as cursor:
        cursor.execute(ADOPT, {"campaign": campaign.pk, "messages": list(messages)})
