"""Take a batch of a sender's planned messages, and load what rendering needs."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from campaigns.models import Campaign, CampaignState, Variant
from leads.models import Lead
from senders.models import Sender
from senders.standing import cap_of
from senders.window import is_open

# How many of the sender's running campaigns are looked at for their windows.
MAX_CAMPAIGNS = 1000

# `lease` guards against a drain that lost the sender while it was away: it claims nothing. A look per campaign, so that
# a large campaign that is paused or out of hours does not lie before the others' messages in the index.
CLAIM = """
UPDATE campaigns_message SET state = 'sending', lease = %(lease)s, attempts = attempts + 1, offered_at = NULL
WHERE id IN (
    SELECT due.id FROM unnest(%(campaigns)s::bigint[]) AS open(campaign)
    CROSS JOIN LATERAL (
        SELECT id, due_at FROM campaigns_message
        WHERE sender_id = %(sender)s AND state = 'planned' AND due_at <= now() AND campaign_id = open.campaign
        ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) due
    ORDER BY due.due_at, due.id LIMIT %(limit)s)
  AND EXISTS (SELECT FROM senders_sender WHERE id = %(sender)s AND lease = %(lease)s AND state = 'active')
RETURNING due_at, id, campaign_id, variant_id, lead_id, message_id, attempts
"""

# What counts against the daily limit: everything that went, or may have gone, out in the last 24 hours, and what is in
# somebody's hands, whether it was offered already or not: a sender may have several connections.
USED = """
SELECT (SELECT count(*) FROM campaigns_message
        WHERE sender_id = %(sender)s AND state = 'sent' AND sent_at > now() - interval '24 hours')
     + (SELECT count(*) FROM campaigns_message
        WHERE sender_id = %(sender)s AND state = 'unknown' AND offered_at > now() - interval '24 hours')
     + (SELECT count(*) FROM campaigns_message
        WHERE sender_id = %(sender)s AND state = 'sending')
"""
# The limit is reached: rest until the day's first mail is a day old, but look again soon, should a person raise the limit.
REST = """
UPDATE senders_sender SET next_slot_at = least(now() + make_interval(secs => %(most)s), (
    SELECT min(sent_at) + interval '24 hours' FROM campaigns_message
    WHERE sender_id = %(sender)s AND state = 'sent' AND sent_at > now() - interval '24 hours'))
WHERE id = %(sender)s
"""
LIMIT_REST_SECONDS = 60.0


# Columns of a lead that no mail names.
UNREAD = ("email_key", "digest", "tags", "source", "created_at", "updated_at")


@dataclass(frozen=True)
class Claimed:
    """A message in our hands: state sending under our lease, not offered yet."""

    id: int
    campaign: Campaign
    variant: Variant
    lead: Lead
    message_id: str
    attempts: int


def open_campaigns(sender: Sender, at: datetime) -> list[int]:
    """The sender's running campaigns whose own window is open."""
    running = Campaign.objects.filter(senders=sender, state=CampaignState.RUNNING).only("pk", "window")
    return [campaign.pk for campaign in running[:MAX_CAMPAIGNS] if is_open(campaign.window, at)]


def allowance(sender: Sender) -> int | None:
    """How many more mails its cap (limit, ramp-up, provider) lets the sender send now; None where there is none."""
    cap = cap_of(sender)
    if cap is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(USED, {"sender": sender.pk})
        used = cursor.fetchone()
    return max(0, cap - (used[0] if used else 0))


def rest_until_allowed(sender: Sender) -> None:
    """Let a sender that has reached its daily limit be, so that it is not woken every second in vain."""
    with connection.cursor() as cursor:
        cursor.execute(REST, {"sender": sender.pk, "most": LIMIT_REST_SECONDS})


def claim(sender: Sender, lease: uuid.UUID, campaigns: list[int], limit: int) -> list[Claimed]:
    """Claim up to `limit` due messages of these campaigns for the holder of `lease`, in the order in which they are
    due.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"sender": sender.pk, "lease": lease, "campaigns": campaigns, "limit": limit})
        rows = sorted(cursor.fetchall())
    leads = Lead.objects.defer(*UNREAD).in_bulk([row[4] for row in rows])
    found = Campaign.objects.select_related("organisation").in_bulk({row[2] for row in rows})
    variants = Variant.objects.in_bulk({row[3] for row in rows})
    return [
        Claimed(pk, found[campaign], variants[variant], leads[lead], message_id, attempts)
        for _, pk, campaign, variant, lead, message_id, attempts in rows
        if lead in leads  # erased this very moment, and its messages with it
    ]
