"""An import in the worker: claims it, takes the file through read, clean and load in batches, and ends it.

Each batch is one transaction: its leads, its refused rows, the counts, and with `rows` the place to go on from. A worker
that dies loses its open batch, and whoever claims the import next begins after the last committed row. A batch is only
committed where `rows` is still what the worker believes, so of two workers at one import one gives up. A file that kills
whoever takes it up is given up after `MOST_ATTEMPTS` of them without a batch committed.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from leads.importing import uploads
from leads.importing.clean import Contact, Refusal, clean
from leads.importing.load import load
from leads.importing.map import columns_of
from leads.importing.read import Row, Unreadable, open_upload, rows
from leads.models import Import, ImportState, RejectedRow

BATCH_ROWS = 2000
BATCH_CHARS = 8 << 20
# A worker commits several batches a second; one that has not for so long is dead, or as good as.
STALE = timedelta(seconds=20)
MOST_ATTEMPTS = 5  # to get one batch further
ATTEMPTS = 3  # at a batch that lost a deadlock
BEAT_EVERY = 100_000  # rows, while those that are committed already are read again
# Refused rows beyond these are counted and not kept.
KEPT_REJECTED = 1_000_000
COUNTS = ("rows", "created", "updated", "skipped", "rejected", "position", "heartbeat_at", "attempts")
LONGEST_DETAIL = 1000
BROKEN = "Something went wrong here, not in your file. Please upload it again."
NO_PROGRESS = (
    "The import stopped {attempts} times at the same place, after row {rows:,} of the file. "
    "Look at the rows that follow, and upload the file again without those that are imported already."
)


class Superseded(Exception):
    """The import is gone, has ended, or is in the hands of another worker."""


@dataclass
class Batch:
    """Rows on their way in, and how far into the file they go."""

    contacts: list[Contact] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    chars: int = 0
    position: int = 0

    def __len__(self) -> int:
        return len(self.contacts) + len(self.refused)

    def add(self, row: Row, found: Contact | Refusal) -> None:
        if isinstance(found, Refusal):
            self.refused.append(found)
        else:
            self.contacts.append(found)
        self.chars += sum(map(len, row.cells))

    @property
    def full(self) -> bool:
        return len(self) >= BATCH_ROWS or self.chars >= BATCH_CHARS


def run_import(pk: int) -> None:
    """Take an import to its end, unless another worker has it. What failed is told in `detail`."""
    importing = claim(pk)
    if importing is None:
        return
    try:
        for batch in batches(importing):
            importing = commit(importing, batch)
        end(importing, ImportState.DONE)
    except Superseded:
        return
    except Unreadable as error:
        end(importing, ImportState.FAILED, str(error))
    except (OperationalError, InterfaceError, IntegrityError):
        raise  # the database is away, or the list went: `resume_imports` tries again
    except Exception:
        end(importing, ImportState.FAILED, BROKEN)
        raise


def waits(now: datetime) -> Q:
    """Imports that a worker may take: new ones, and those whose worker is dead."""
    return Q(state=ImportState.PENDING) | Q(state=ImportState.RUNNING, heartbeat_at__lt=now - STALE)


def claim(pk: int) -> Import | None:
    """Make an import this worker's own; None where it is not to be had, or was tried too often: then it has failed."""
    now = timezone.now()
    waiting = Import.objects.filter(waits(now), pk=pk)
    won = waiting.update(state=ImportState.RUNNING, heartbeat_at=now, attempts=F("attempts") + 1)
    importing = Import.objects.filter(pk=pk).first() if won else None
    if importing and importing.attempts > MOST_ATTEMPTS:
        end(importing, ImportState.FAILED, NO_PROGRESS.format(attempts=MOST_ATTEMPTS, rows=importing.rows))
        return None
    return importing


def batches(importing: Import) -> Iterator[Batch]:
    """The file's rows in batches, from the first one that no batch has committed yet."""
    columns = columns_of(importing.header, importing.mapping, importing.separator)
    dialect = uploads.dialect_of(importing)
    file = open_upload(uploads.path_of(importing.file))
    below = (row for row in rows(file, dialect) if row.line > dialect.header_line)
    skip_committed(importing, below)
    batch = Batch()
    for row in below:
        batch.add(row, clean(row, columns))
        if batch.full:
            batch.position = file.tell()
            yield batch
            batch = Batch()
    if len(batch):
        batch.position = importing.size
        yield batch


def skip_committed(importing: Import, below: Iterator[Row]) -> None:
    for number, _ in enumerate(itertools.islice(below, importing.rows), start=1):
        if number % BEAT_EVERY == 0:
            Import.objects.filter(pk=importing.pk).update(heartbeat_at=timezone.now())


def commit(importing: Import, batch: Batch) -> Import:
    """Commit a batch, again where it loses a deadlock; returns the import as it is then. Raises Superseded."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return commit_once(importing, batch)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected) or attempt == ATTEMPTS:
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


def end(importing: Import, state: ImportState, detail: str = "") -> None:
    """Say how it ended, then delete the upload (promise p17)."""
    mine = Import.objects.filter(pk=importing.pk, state=ImportState.RUNNING, rows=importing.rows)
    if mine.update(state=state, detail=detail[:LONGEST_DETAIL], finished_at=timezone.now()):
        uploads.drop(importing)
