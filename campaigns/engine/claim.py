"""Take a batch of a sender's planned messages, and load what rendering needs."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from campaigns.engine.threads import Thread, threads
from campaigns.models import Campaign, CampaignState, Variant
from campaigns.rendering.content import Content, contents
from leads.models import Lead
from senders.models import Sender
from senders.standing import cap_of
from senders.window import is_open

# How many of the sender's running campaigns are looked at for their windows.
MAX_CAMPAIGNS = 1000

# In the order of the campaigns' priorities, follow-ups before new leads, then as they are due. A look per campaign and
# kind, so that a large campaign that is paused or out of hours does not lie before the others' messages in the index, nor
# new leads before follow-ups. `lease` guards against a drain that lost the sender while it was away: it claims nothing.
CLAIM = """
UPDATE campaigns_message SET state = 'sending', lease = %(lease)s, attempts = attempts + 1, offered_at = NULL
WHERE id IN (
    SELECT due.id FROM campaigns_campaign open CROSS JOIN unnest(ARRAY[false, true]) AS turn(fresh)
    CROSS JOIN LATERAL (
        SELECT id, due_at FROM campaigns_message
        WHERE sender_id = %(sender)s AND state = 'planned' AND due_at <= now() AND campaign_id = open.id
          AND fresh = turn.fresh
        ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) due
    WHERE open.id = ANY(%(campaigns)s)
    ORDER BY open.priority, turn.fresh, due.due_at, due.id LIMIT %(limit)s)
  AND EXISTS (SELECT FROM senders_sender WHERE id = %(sender)s AND lease = %(lease)s AND state = 'active')
RETURNING fresh, extract(epoch FROM due_at)::float8, id, campaign_id, variant_id, lead_id, message_id, attempts, enrollment_id
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


# What mails and windows read of a lead. An array, since psycopg takes a list of hundreds of numbers apart one by one, at each
# call: with the columns left out, 12 µs less for each mail.
LEADS = """
SELECT id, organisation_id, email, first_name, last_name, company, title, phone, fields
FROM leads_lead WHERE id = ANY(%(ids)s::bigint[])
"""


@dataclass(frozen=True)
class Claimed:
    """A message in our hands: state sending under our lease, not offered yet. `content`: what its variant's mails are made of;
    `thread`: what it answers.
    """

    id: int
    campaign: Campaign
    variant: Variant
    content: Content
    lead: Lead
    message_id: str
    attempts: int
    thread: Thread | None = None


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
    """Claim up to `limit` due messages of these campaigns for the holder of `lease`, in the order of their campaigns'
    priorities, follow-ups first.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"sender": sender.pk, "lease": lease, "campaigns": campaigns, "limit": limit})
        rows = [Row(*row) for row in cursor.fetchall()]
    return loaded(sender, rows)


class Row(NamedTuple):
    """What CLAIM returns of a message."""

    fresh: bool
    due_at: float  # POSIX time
    id: int
    campaign: int
    variant: int
    lead: int
    message_id: str
    attempts: int
    enrollment: int


def loaded(sender: Sender, rows: Sequence[Row]) -> list[Claimed]:
    """The messages with all that rendering needs, in the order in which they go."""
    leads = {lead.pk: lead for lead in Lead.objects.raw(LEADS, {"ids": [row.lead for row in rows]})}
    campaigns = Campaign.objects.select_related("organisation").in_bulk({row.campaign for row in rows})
    variants = Variant.objects.select_related("step").in_bulk({row.variant for row in rows})
    made_of = dict(zip(variants, contents(variants.values()), strict=True))
    answers = {row.enrollment: row.variant for row in rows if variants[row.variant].step.same_thread}
    found = threads(sender, variants, answers)
    return [
        Claimed(
            row.id,
            campaigns[row.campaign],
            variants[row.variant],
            made_of[row.variant],
            leads[row.lead],
            row.message_id,
            row.attempts,
            found.get(row.enrollment),
        )
        for row in sorted(rows, key=lambda row: (campaigns[row.campaign].priority, row))
        if row.lead in leads  # erased this very moment, and its messages with it
    ]
