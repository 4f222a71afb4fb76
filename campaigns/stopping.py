"""Whose sequence ends, and why: a reply, a way out, a bounce, a complaint, or (where the campaign says so) a click.

A reply, a bounce and a click end it in the campaign of that mail; who unsubscribes or complains hears from no campaign of the
organisation again. Where a campaign stops for a whole company, the colleagues' sequences in it end with a reply, an
unsubscribe or a complaint.
"""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from campaigns.companies import colleagues_of
from campaigns.models import GOING, Activity, Enrollment, EnrollmentState, Message, MessageState
from leads.models import Lead
from tracking.models import Happening
from tracking.signals import Recorded

EVERYWHERE = {Happening.UNSUBSCRIBED, Happening.COMPLAINED}
STOPS = EVERYWHERE | {Happening.REPLIED, Happening.BOUNCED}
FOR_ALL = {Happening.UNSUBSCRIBED, Happening.COMPLAINED, Happening.REPLIED}
COLLEAGUE = "{} by a colleague"


def stop_after(events: Iterable[Recorded]) -> None:
    """End the sequences that these events end."""
    for event in events:
        if event.kind in STOPS:
            stop(enrollments_of(event), event.kind)
            if event.kind in FOR_ALL:
                stop_colleagues(event)
        elif event.kind == Happening.CLICKED and not event.machine:
            stop(enrollments_of(event).filter(campaign__stop_on_click=True), event.kind)


def enrollments_of(event: Recorded) -> QuerySet[Enrollment]:
    """The lead's sequences that such an event is about."""
    going = Enrollment.objects.filter(organisation_id=event.organisation_id, lead_id=event.lead_id, state__in=GOING)
    return going if event.kind in EVERYWHERE else going.filter(messages=event.message_id)


def stop_colleagues(event: Recorded) -> None:
    """End the sequences of everybody else at the lead's company, in the campaign of that mail, if it says so."""
    message = Message.objects.filter(
        pk=event.message_id, organisation_id=event.organisation_id, campaign__stop_company=True
    ).first()
    lead = Lead.objects.filter(pk=event.lead_id, organisation_id=event.organisation_id).first()
    if message is None or lead is None:
        return
    there = Enrollment.objects.filter(campaign=message.campaign_id, state__in=GOING, lead__in=colleagues_of(lead))
    stop(there, COLLEAGUE.format(event.kind))


def stop(enrollments: QuerySet[Enrollment], reason: str) -> int:
    """End these sequences by ourselves, and write why in their campaigns' logs; returns how many. What is in the hands of a
    drain is stopped at its gate.
    """
    chosen = list(enrollments.order_by("pk"))
    note_stopped(chosen, reason)
    return stop_chosen([enrollment.pk for enrollment in chosen], reason)


def note_stopped(chosen: Sequence[Enrollment], reason: str) -> None:
    """One entry for each lead; the address is looked up where it is shown."""
    Activity.objects.bulk_create(
        Activity(
            organisation_id=enrollment.organisation_id,
            campaign_id=enrollment.campaign_id,
            lead_id=enrollment.lead_id,
            automatic=True,
            kind="ended",
            text=f"Ended the sequence: {reason}.",
        )
        for enrollment in chosen
    )


def stop_chosen(chosen: Sequence[int], reason: str) -> int:
    """As `stop`, by primary keys. The enrollments first: a tick that plans for one holds its row, and is waited for."""
    stopped = Enrollment.objects.filter(state__in=GOING, pk__in=chosen).update(
        state=EnrollmentState.STOPPED, reason=reason[:100], due_at=None
    )
    planned = Message.objects.filter(enrollment__in=chosen, state=MessageState.PLANNED)
    planned.update(state=MessageState.SKIPPED, error=f"The sequence ended: {reason}."[:500])
    return stopped
