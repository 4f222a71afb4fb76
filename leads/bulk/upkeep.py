"""What is left to do when nobody asks: take up what a dead worker left, and delete what is needed no more."""

from datetime import timedelta

from django.utils import timezone

from leads.bulk.run import OPEN, STALE, waits
from leads.exporting import files
from leads.models import BulkAction, BulkTarget

# How long an action can be taken back.
UNDO_KEPT = timedelta(days=7)
KEPT = timedelta(days=90)


def abandoned_actions() -> list[int]:
    """Actions whose worker died, or whose task was lost before a worker took it."""
    now = timezone.now()
    found = BulkAction.objects.filter(waits(now), created_at__lt=now - STALE)
    return list(found.order_by("pk").values_list("pk", flat=True))


def tidy() -> None:
    now = timezone.now()
    ended = BulkAction.objects.exclude(state__in=OPEN)
    settled = ended.filter(finished_at__lt=now - UNDO_KEPT)
    BulkTarget.objects.filter(bulk__in=settled).delete()
    settled.exclude(back="").update(back="")
    ended.filter(finished_at__lt=now - KEPT).delete()
    files.tidy()
