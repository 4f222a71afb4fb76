"""Somebody wants no more mail: their address is suppressed in that organisation, from now on."""

from leads.models import Lead, SuppressionReason
from leads.suppression import suppress_lead
from tracking.signals import Recorded


def suppress_unsubscribed(events: list[Recorded]) -> None:
    """Suppress the leads of these events; a lead erased meanwhile is suppressed already.

    With every address they had: the mail may have gone to an earlier one.
    """
    for event in events:
        lead = Lead.objects.filter(organisation_id=event.organisation_id, pk=event.lead_id).first()
        if lead is not None:
            source = "link in a mail"
            suppress_lead(lead, SuppressionReason.UNSUBSCRIBED, source, formerly=True)
