"""What the apps below may not delete, since a campaign needs it, and what goes with what they do delete."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from campaigns.models import GONE_OUT, Campaign, CampaignState, Message
from leads.models import ImportedLead, LeadList, Segment
from senders.models import Sender

# These still send, or will: what they use must stay.
LIVE = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.SCHEDULED)


def needed_by(campaigns: QuerySet[Campaign]) -> str:
    """The names of the first few live campaigns among these, as a list in a sentence; empty where there is none."""
    names = list(campaigns.filter(state__in=LIVE).order_by("name").values_list("name", flat=True)[:4])
    shown = ", ".join(f"“{name}”" for name in names[:3])
    return f"{shown} and others" if len(names) > 3 else shown


def guard_sender(sender: Sender) -> str | None:
    """The hook `senders.services.DELETION_GUARDS`."""
    used = needed_by(Campaign.objects.filter(senders=sender))
    return f"This sender is needed by {used}. Stop the campaign first, or wait until it has finished." if used else None


def guard_list(chosen: LeadList) -> str | None:
    """The hook `leads.lists.LIST_GUARDS`."""
    used = needed_by(Campaign.objects.filter(Q(lists=chosen) | Q(excluded_lists=chosen)).distinct())
    return f"This list is needed by {used}. Stop the campaign first, or wait until it has finished." if used else None


def guard_segment(segment: Segment) -> str | None:
    """The hook `leads.segments.saving.GUARDS`."""
    used = needed_by(Campaign.objects.filter(Q(segments=segment) | Q(excluded_segments=segment)).distinct())
    return (
        f"This segment is needed by {used}. Stop the campaign first, or wait until it has finished." if used else None
    )


def mailed(leads: QuerySet[ImportedLead], since: datetime) -> QuerySet[Message, int]:
    """The hook `leads.importing.undo.MAILED`: of these leads, those that got a mail since, or may have."""
    sent = Message.objects.filter(lead__in=leads.values("lead_id"), state__in=GONE_OUT)
    return sent.filter(Q(sent_at__gte=since) | Q(sent_at=None)).values_list("lead", flat=True)


def erase_events(leads: Sequence[int]) -> None:
    """The hook `leads.services.ERASERS`: what these people opened and clicked goes with them (promise p18)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tracking_event WHERE message_id IN (SELECT id FROM campaigns_message WHERE lead_id = ANY(%s))",
            [list(leads)],
        )
