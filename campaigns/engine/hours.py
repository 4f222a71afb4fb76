"""Sending hours by the lead's own clock, where a sender's or a campaign's window says so.

A message whose lead sleeps is put off until the window opens for that lead, so that it is not looked at again before: each is
touched once a night, whatever waits beside it.
"""

import uuid
from datetime import datetime

from django.db import connection

from campaigns.engine.claim import Claimed, claim
from campaigns.engine.settle import give_back
from senders.models import Sender
from senders.window import follows_leads, opens_for, zone_in

# How many are looked at in one go once the first ones were all asleep.
SLEEPING_BATCH = 200

# Back to planned, and due when its lead's hours begin; the attempt does not count.
POSTPONE = """
UPDATE campaigns_message message SET state = 'planned', lease = NULL, attempts = greatest(attempts - 1, 0),
    due_at = later.at
FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS later(id, at)
WHERE message.id = later.id AND message.lease = %(lease)s AND message.state = 'sending' AND message.offered_at IS NULL
"""


def look_at_leads_clocks(sender: Sender, batch: list[Claimed]) -> bool:
    """Whether any window that counts for this batch follows the leads' time zones."""
    return follows_leads(sender.window) or any(follows_leads(message.campaign.window) for message in batch)


def opening_for(sender: Sender, message: Claimed, now: datetime) -> datetime:
    """When sender and campaign may write to the message's lead; not after `now` where they may already."""
    zone = zone_in(message.lead.fields)
    return max(opens_for(window, now, zone) for window in (sender.window, message.campaign.window))


def may_go_now(sender: Sender, message: Claimed, now: datetime) -> bool:
    """Whether the hours of the sender and of the message's campaign are now: a batch may outlast them."""
    if not sender.window and not message.campaign.window:
        return True
    return opening_for(sender, message, now) <= now


def postpone_sleeping(sender: Sender, lease: uuid.UUID, batch: list[Claimed], now: datetime) -> list[Claimed]:
    """Put off those of a claimed batch whose leads' hours are not now; returns the others."""
    if not look_at_leads_clocks(sender, batch):
        return batch
    openings = {message.id: opening_for(sender, message, now) for message in batch}
    later = {pk: at for pk, at in openings.items() if at > now}
    if later:
        with connection.cursor() as cursor:
            cursor.execute(POSTPONE, {"ids": list(later), "times": list(later.values()), "lease": lease})
    return [message for message in batch if message.id not in later]


def claim_awake(sender: Sender, lease: uuid.UUID, campaigns: list[int], limit: int, now: datetime) -> list[Claimed]:
    """As `claim`, of those whose leads' hours are now; the others are put off on the way."""
    take = limit
    while batch := claim(sender, lease, campaigns, take):
        if awake := postpone_sleeping(sender, lease, batch, now):
            give_back(lease, [message.id for message in awake[limit:]])
            return awake[:limit]
        take = max(limit, SLEEPING_BATCH)
    return []
