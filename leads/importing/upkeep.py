"""What is left to do when nobody asks: take up what a dead worker left, and delete what is needed no more (p17)."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from leads.importing import undo, uploads
from leads.importing.claims import STALE, waits
from leads.models import Import, ImportedLead, ImportState, RejectedRow

DRAFT_KEPT = timedelta(days=1)
# Refused rows hold personal data of people who became no lead: long enough to mend the file, no longer.
REJECTED_KEPT = timedelta(days=30)


def abandoned_imports() -> list[int]:
    """Imports whose worker died, or whose task was lost before a worker took it."""
    now = timezone.now()
    found = Import.objects.filter(waits(now), Q(heartbeat_at=None) | Q(heartbeat_at__lt=now - STALE))
    return list(found.order_by("pk").values_list("pk", flat=True))


def tidy() -> None:
    """Delete uploads of imports that have ended, old drafts, files that no import knows, and what is kept for a while."""
    now = timezone.now()
    ended = Import.objects.filter(state__in=[*undo.ENDED, ImportState.UNDONE])
    for importing in ended.exclude(file=""):  # the worker died between the last commit and the deletion
        uploads.drop(importing)
    Import.objects.filter(state=ImportState.DRAFT, created_at__lt=now - DRAFT_KEPT).delete()
    RejectedRow.objects.filter(source__finished_at__lt=now - REJECTED_KEPT).delete()
    ImportedLead.objects.filter(source__finished_at__lt=now - undo.KEPT).delete()
    uploads.delete_orphans()
