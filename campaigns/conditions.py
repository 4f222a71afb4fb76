"""Steps that go only to who did not open, or did not click: what is planned and waits for its turn is taken back once they do.

The enrollment then is due again, and the planner, who finds the condition unmet, goes on to its next step. (A step for those
who did open is judged when it is due, and an open cannot be undone.)
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Condition, Enrollment, Message, MessageState
from tracking.models import Happening
from tracking.signals import Recorded

# What a person's open or click makes pointless. A click shows that the mail was opened.
POINTLESS = {
    Happening.OPENED: [Condition.NOT_OPENED],
    Happening.CLICKED: [Condition.NOT_OPENED, Condition.NOT_CLICKED],
}


def take_back(events: Iterable[Recorded]) -> None:
    """Skip the planned mails whose condition these events have made untrue."""
    found = list(events)
    for kind, pointless in POINTLESS.items():
        ids = {event.message_id for event in found if event.kind == kind and not event.machine}
        if ids:
            organisations = {event.organisation_id for event in found}
            skip(Q(enrollment__messages__in=ids, organisation__in=organisations, step__condition__in=pointless))


def skip(condition: Q) -> None:
    """What a drain has claimed is its own, and goes out; its enrollment stays where it is."""
    with transaction.atomic():
        planned = Message.objects.filter(condition, state=MessageState.PLANNED).order_by("pk")
        chosen = dict(planned.select_for_update(of=["self"]).values_list("pk", "enrollment_id"))
        Message.objects.filter(pk__in=chosen).update(
            state=MessageState.SKIPPED,
            error="Its condition is not met any more: the lead opened or clicked an earlier mail.",
        )
        Enrollment.objects.filter(pk__in=chosen.values()).update(due_at=timezone.now())
