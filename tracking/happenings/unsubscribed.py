"""Somebody wants no more mail: their address is suppressed in that organisation, from now on."""

from accounts.models import Organisation
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress
from tracking.signals import Recorded


def suppress_unsubscribed(events: list[Recorded]) -> None:
    """Suppress the leads of these events; a lead erased meanwhile is suppressed already."""
    for event in events:
        lead = Lead.objects.filter(organisation_id=event.organisation_id, pk=event.lead_id).first()
        if lead is not None:
            organisation = Organisation(pk=event.organisation_id)
            source = f"link in message {event.message_id}"
            suppress(organisation, lead.email, SuppressionReason.UNSUBSCRIBED, source)
