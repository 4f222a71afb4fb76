"""Which senders a campaign has: more may join at any time; one whose conversations go on cannot leave."""

from collections.abc import Sequence

from django.db import connection

from campaigns.errors import BadValue
from campaigns.models import GOING, GONE_OUT, Campaign, CampaignState, Enrollment
from senders.models import Sender

# Those of the leaving senders' leads that have had nothing yet go to the others, by turns, with what is planned for them.
HAND_ON = """
WITH moved AS (
    UPDATE campaigns_enrollment SET sender_id = (%(stay)s::bigint[])[1 + id %% cardinality(%(stay)s::bigint[])]
    WHERE campaign_id = %(campaign)s AND sender_id = ANY(%(leave)s) AND state IN ('active', 'paused')
    RETURNING id, sender_id
)
UPDATE campaigns_message message SET sender_id = moved.sender_id
FROM moved WHERE message.enrollment_id = moved.id AND message.state = 'planned'
"""


def change_senders(campaign: Campaign, senders: Sequence[Sender]) -> None:
    """Make the campaign's senders these; raises BadValue."""
    leaving = [sender for sender in campaign.senders.all() if sender not in senders]
    if leaving and campaign.state != CampaignState.DRAFT:
        refuse_to_leave(campaign, leaving, senders)
    campaign.senders.set(senders)
    if leaving and senders:
        pass_on(campaign, leaving, senders)


def refuse_to_leave(campaign: Campaign, leaving: Sequence[Sender], staying: Sequence[Sender]) -> None:
    """Raise BadValue where somebody would be left without a sender."""
    if not staying:
        raise BadValue("senders", "A campaign that runs needs a sender.")
    going_on = Enrollment.objects.filter(
        campaign=campaign,
        state__in=GOING,
        messages__state__in=GONE_OUT,
    )
    for sender in leaving:
        if going_on.filter(sender=sender).exists():
            raise BadValue(
                "senders",
                f"{sender.address} has conversations under way in this campaign, and a lead keeps its mailbox. Pause the"
                " sender instead, or wait until its leads are through.",
            )


def pass_on(campaign: Campaign, leaving: Sequence[Sender], staying: Sequence[Sender]) -> None:
    ids = {"leave": [sender.pk for sender in leaving], "stay": [sender.pk for sender in staying]}
    with connection.cursor() as cursor:
        cursor.execute(HAND_ON, ids | {"campaign": campaign.pk})
