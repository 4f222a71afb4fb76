"""Which worker an import is in the hands of: one takes it, says now and then that it lives, and ends it.

A worker that has died says nothing any more, and another one takes the import. One that was only slow finds that out when
it comes to say what it did: everything that is written names the state and the row that the worker believes in.
"""

from datetime import datetime, timedelta

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from leads.importing import uploads
from leads.models import Import, ImportState

# A worker commits a batch each second or so; one that has not for so long is dead, or as good as.
STALE = timedelta(seconds=20)
MOST_ATTEMPTS = 5  # to get one batch further
BUSY = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)
WAITS = (ImportState.PENDING, *BUSY)
LONGEST_DETAIL = 1000
NO_PROGRESS = (
    "The import stopped {attempts} times at the same place, after row {rows:,} of the file. "
    "Look at the rows that follow, and upload the file again without those that are imported already."
)
NOT_UNDONE = "Undoing this import did not come to its end. What is undone stays so; try again for the rest."


class Superseded(Exception):
    """The import is gone, has ended, or is in the hands of another worker."""


def waits(now: datetime) -> Q:
    """Imports that a worker may take: new ones, and those whose worker is dead."""
    free = Q(heartbeat_at=None) | Q(heartbeat_at__lt=now - STALE)
    return Q(state=ImportState.PENDING) | (Q(state__in=BUSY) & free)


def claim(pk: int) -> Import | None:
    """Make an import this worker's own; None where it is not to be had, or was tried too often: then it has failed."""
    now = timezone.now()
    won = Import.objects.filter(waits(now), pk=pk).update(
        state=Case(When(state=ImportState.PENDING, then=Value(ImportState.RUNNING)), default=F("state")),
        started_at=Coalesce("started_at", Value(now)),
        heartbeat_at=now,
        attempts=F("attempts") + 1,
    )
    if not won:
        return None
    importing = Import.objects.select_related("organisation").filter(pk=pk).first()
    if importing and importing.attempts > MOST_ATTEMPTS:
        give_up(importing, NO_PROGRESS.format(attempts=MOST_ATTEMPTS, rows=importing.rows))
        return None
    return importing


def beat(importing: Import) -> None:
    """Say that the worker lives."""
    Import.objects.filter(pk=importing.pk, state=importing.state).update(heartbeat_at=timezone.now())


def give_up(importing: Import, why: str) -> None:
    """End what cannot be done, in words: a check leaves the draft that it was of, an undoing what is left of the import."""
    if importing.state == ImportState.CHECKING:
        end_check(importing, {"problem": why})
    elif importing.state == ImportState.UNDOING:
        end(importing, ImportState.FAILED, NOT_UNDONE)
    else:
        end(importing, ImportState.FAILED, why)


def end(importing: Import, state: ImportState, detail: str = "") -> None:
    """Say how it ended, then delete the upload (promise p17)."""
    mine = Import.objects.filter(pk=importing.pk, state=importing.state, rows=importing.rows)
    if mine.update(state=state, detail=detail[:LONGEST_DETAIL], finished_at=timezone.now()):
        uploads.drop(importing)


def end_check(importing: Import, findings: dict[str, object]) -> None:
    """Give the draft back with what was found; the rows that were counted meanwhile were progress alone."""
    mine = Import.objects.filter(pk=importing.pk, state=ImportState.CHECKING)
    mine.update(state=ImportState.DRAFT, findings=findings, rows=0, position=0, attempts=0, heartbeat_at=None)
