"""An import in the worker: takes the file through read, clean and load in batches, and ends it.

Each batch is one transaction: its leads, its refused rows, the counts, and with `rows` the place to go on from. A worker
that dies loses its open batch, and whoever claims the import next begins after the last committed row. A batch is only
committed where `rows` is still what the worker believes, so of two workers at one import one gives up. A file that kills
whoever takes it up is given up after `MOST_ATTEMPTS` of them without a batch committed.

The check of a draft and the taking back of an import are claimed and ended the same way.
"""

from collections.abc import Callable, Sequence
from functools import partial

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from ecrm.database import tell_planner
from leads.importing.batches import Batch, ahead, batches, import_columns
from leads.importing.check import check_file
from leads.importing.claims import Superseded, beat, claim, end, give_up
from leads.importing.clean import Refusal
from leads.importing.load import Collided, load
from leads.importing.read import Unreadable
from leads.importing.undo import take_back
from leads.models import Import, ImportState, Lead, ListEntry, RejectedRow

ATTEMPTS = 5  # at a batch that lost a deadlock, or met another import's people
# Refused rows beyond these are counted and not kept.
KEPT_REJECTED = 1_000_000
COUNTS = (
    *("rows", "created", "updated", "skipped", "rejected", "duplicates", "suppressed"),
    *("position", "heartbeat_at", "attempts"),
)
BROKEN = "Something went wrong here, not in your file. Please upload it again."


def run_import(pk: int) -> None:
    """Take an import, a check or a taking back to its end, unless another worker has it. What failed is told in words."""
    importing = claim(pk)
    if importing is None:
        return
    work: dict[str, Callable[[Import], None]] = {
        ImportState.CHECKING: check_file,
        ImportState.RUNNING: import_file,
        ImportState.UNDOING: take_back,
    }
    try:
        work[importing.state](importing)
    except Superseded:
        return
    except (OperationalError, InterfaceError, IntegrityError, Collided):
        raise  # the database is away, the list went, or others are in the way: `resume_imports` tries again
    except Exception:
        if left := Import.objects.filter(pk=pk).first():
            give_up(left, BROKEN)
        raise


def import_file(importing: Import) -> None:
    """Raises Superseded."""
    try:
        found = batches(importing, import_columns(importing), after=importing.rows)
        for batch in ahead(found, partial(beat, importing)):
            importing = commit(importing, batch)
    except Unreadable as error:
        end(importing, ImportState.FAILED, str(error))
    else:
        tell_planner(importing.rows, Lead, ListEntry)
        end(importing, ImportState.DONE)


def commit(importing: Import, batch: Batch) -> Import:
    """Commit a batch, again where others were in its way; returns the import as it is then. Raises Superseded."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return commit_once(importing, batch)
        except (OperationalError, Collided) as error:
            again = isinstance(error, Collided) or isinstance(error.__cause__, DeadlockDetected)
            if not again or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def commit_once(importing: Import, batch: Batch) -> Import:
    mine = Import.objects.filter(pk=importing.pk, state=ImportState.RUNNING, rows=importing.rows)
    current = mine.select_for_update().first()
    if current is None:
        raise Superseded
    loaded = load(current, batch.contacts)
    keep_refused(current, [*batch.refused, *loaded.refused])
    current.rows += len(batch)
    current.created += loaded.created
    current.updated += loaded.updated
    current.skipped += loaded.skipped
    current.rejected += len(batch.refused) + len(loaded.refused)
    current.duplicates += loaded.duplicates
    current.suppressed += loaded.suppressed
    current.position = batch.position
    current.heartbeat_at = timezone.now()
    current.attempts = 0
    current.save(update_fields=COUNTS)
    return current


def keep_refused(importing: Import, refused: Sequence[Refusal]) -> None:
    room = max(0, KEPT_REJECTED - importing.rejected)
    RejectedRow.objects.bulk_create(
        [
            RejectedRow(
                source=importing,
                organisation_id=importing.organisation_id,
                line=one.line,
                reason=one.reason,
                cells=[cell.replace("\0", "") for cell in one.cells],
            )
            for one in sorted(refused, key=lambda one: one.line)[:room]
        ],
        batch_size=500,
    )
