"""Leads come into a campaign: its audience at the start, who joins it later, and whom a person adds.

Each is one INSERT … SELECT, so that a million leads never pass through Python. A lead comes into a campaign once, and what
sends to it is decided then, for all steps: the campaign's active senders by turns (all of them where none is active).
"""

import random
import time

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from campaigns.activity import note
from campaigns.audience import audience_of
from campaigns.errors import WrongState
from campaigns.models import Campaign, CampaignState, Enrollment
from ecrm.database import TooSlow, tell_planner, within
from ecrm.text import counted
from leads.mailable import IsSuppressed
from leads.models import Lead
from leads.segments.rules import BadRules

ENROL = """
WITH mailboxes AS (
    SELECT coalesce(array_agg(sender.id ORDER BY sender.id) FILTER (WHERE sender.state = 'active'),
        array_agg(sender.id ORDER BY sender.id)) AS ids
    FROM campaigns_campaign_senders chosen JOIN senders_sender sender ON sender.id = chosen.sender_id
    WHERE chosen.campaign_id = %s
)
INSERT INTO campaigns_enrollment
    (organisation_id, campaign_id, lead_id, sender_id, state, reason, next_position, due_at, created_at)
SELECT %s, %s, audience.id,
    mailboxes.ids[1 + ((SELECT count(*) FROM campaigns_enrollment WHERE campaign_id = %s) - 1
        + row_number() OVER (ORDER BY audience.id)) %% cardinality(mailboxes.ids)],
    'active', '', 1, now(), now()
FROM ({audience}) AS audience(id), mailboxes
WHERE cardinality(mailboxes.ids) > 0
ON CONFLICT (campaign_id, lead_id) DO NOTHING
"""
OPEN = (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
# How long one campaign's audience may be looked through for newcomers, and all of them together, in seconds.
LOOK_SECONDS = 20
ALL_SECONDS = 40
# How many newcomers one look takes.
MOST_NEWCOMERS = 10_000


def enrol(campaign: Campaign) -> int:
    """Put everyone of its audience into the campaign who is not in it yet; returns how many came in. Raises BadRules."""
    return insert(campaign, audience_of(campaign))


def insert(campaign: Campaign, leads: QuerySet[Lead]) -> int:
    """Put these leads of the campaign's organisation into it; returns how many were not in it."""
    sql, parameters = leads.values("pk").query.sql_with_params()
    own = campaign.pk, campaign.organisation_id, campaign.pk, campaign.pk
    with connection.cursor() as cursor:
        cursor.execute(ENROL.format(audience=sql), (*own, *parameters))
        count = int(cursor.rowcount)
    tell_planner(count, Enrollment)
    return count


def newcomers(campaign: Campaign, leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Those of these leads that are not in the campaign, and never were."""
    return leads.filter(~Exists(Enrollment.objects.filter(campaign=campaign, lead=OuterRef("pk"))))


def add_by_hand(campaign: Campaign, leads: QuerySet[Lead], by: User) -> int:
    """Put leads that a person chose into a campaign that is scheduled, runs or is paused; the suppressed stay out. Returns how
    many came in. Raises WrongState.
    """
    if campaign.state not in OPEN:
        raise WrongState(
            f"This campaign is {campaign.state}: a draft takes its leads from its lists when it starts, and an ended one"
            " takes nobody any more."
        )
    count = insert(campaign, leads.filter(~IsSuppressed()))
    if count:
        note(campaign, "added", f"Added {counted(count, 'lead')} by hand.", by=by)
    return count


def let_grow() -> int:
    """Enrol who came into the audience of the running campaigns that grow; returns how many. What cannot be looked through in
    time waits for the next turn, each in a new order.
    """
    growing = list(Campaign.objects.filter(state=CampaignState.RUNNING, grows=True).select_related("organisation"))
    random.shuffle(growing)
    deadline = time.monotonic() + ALL_SECONDS
    came = 0
    for campaign in growing:
        if time.monotonic() > deadline:
            break
        came += grow(campaign)
    return came


def grow(campaign: Campaign) -> int:
    """Enrol the newcomers of one campaign; none where a segment of its audience is gone."""
    try:
        with within(LOOK_SECONDS * 1000):
            count = insert(campaign, newcomers(campaign, audience_of(campaign))[:MOST_NEWCOMERS])
    except (TooSlow, BadRules):
        return 0
    if count:
        note(campaign, "grew", f"{counted(count, 'lead')} came into the audience and joined.")
    return count
