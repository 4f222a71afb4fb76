"""A file on its way onto the suppression list, in the worker: batches, each one transaction with the place to go on from.

A worker that has died is followed after its last batch; of two at one file one gives up, since its place is no longer true.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from leads.addresses import BadAddress
from leads.importing import uploads
from leads.importing.read import Dialect, Row, Unreadable, open_upload, rows
from leads.models import SuppressionFile, SuppressionReason
from leads.suppressing.cells import cell, reason_said
from leads.suppression import Given, given, put

State = SuppressionFile.State
BATCH = 2000
STALE = timedelta(seconds=30)
KEPT = timedelta(days=30)
MOST_REFUSALS = 1000
OPEN = (State.PENDING, State.RUNNING)
NOTHING = "There is no address and no domain in this row."
BROKEN = "Something went wrong here. What is counted is on the list; please upload the file again for the rest."


class Superseded(Exception):
    """The file is gone, has ended, or is in the hands of another worker."""


@dataclass
class Batch:
    wanted: list[Given] = field(default_factory=list)
    refused: list[dict[str, str | int]] = field(default_factory=list)
    position: int = 0

    def __len__(self) -> int:
        return len(self.wanted) + len(self.refused)


def run_file(pk: int) -> None:
    """Take a file to its end, unless another worker has it. What failed is told in `detail`."""
    found = claim(pk)
    if found is None:
        return
    try:
        for batch in batches(found):
            commit(found, batch)
        end(found, State.DONE)
    except Superseded:
        return
    except Unreadable as error:
        end(found, State.FAILED, str(error))
    except OperationalError:
        raise  # the database is away: `resume` tries again
    except Exception:
        end(found, State.FAILED, BROKEN)
        raise


def free() -> Q:
    """Files that a worker may take: new ones, and those whose worker is dead."""
    return Q(state__in=OPEN) & (Q(heartbeat_at=None) | Q(heartbeat_at__lt=timezone.now() - STALE))


def claim(pk: int) -> SuppressionFile | None:
    won = SuppressionFile.objects.filter(free(), pk=pk).update(state=State.RUNNING, heartbeat_at=timezone.now())
    return SuppressionFile.objects.select_related("created_by").filter(pk=pk).first() if won else None


def batches(found: SuppressionFile) -> Iterator[Batch]:
    """The rows behind those that are done with. Raises Unreadable."""
    dialect = Dialect(found.encoding, found.separator, found.header_line, found.sheet, len(found.header))
    file = open_upload(uploads.path_of(found.file))
    below = (row for row in rows(file, dialect) if row.line > dialect.header_line)
    batch = Batch()
    for row in itertools.islice(below, found.rows, None):
        take(batch, row, found)
        if len(batch) >= BATCH:
            batch.position = file.tell()
            yield batch
            batch = Batch()
    if len(batch):
        batch.position = found.size
        yield batch


def take(batch: Batch, row: Row, found: SuppressionFile) -> None:
    """Put a row into the batch, as an entry or as a refusal: of that no text is kept, it may name anybody."""
    text = cell(row.cells, found.column)
    said = cell(row.cells, found.reason_column)
    reason = reason_said(said, SuppressionReason(found.reason))
    try:
        if row.broken or not text:
            raise BadAddress(row.broken or NOTHING)
        entry = given(text, reason)
    except BadAddress as error:
        batch.refused.append({"line": row.line, "reason": error.kind})
        return
    # What names somebody is not kept: they may be erased one day, and nobody would look for them here.
    source = f"{found.file_name}: {said}" if said and "@" not in said else found.file_name
    batch.wanted.append(Given(entry.digest, entry.address, entry.domain, reason, source))


@transaction.atomic
def commit(found: SuppressionFile, batch: Batch) -> None:
    """Raises Superseded."""
    mine = SuppressionFile.objects.select_for_update().filter(pk=found.pk, state=State.RUNNING, rows=found.rows)
    if not mine.exists():
        raise Superseded
    found.rows += len(batch)
    found.added += put(found.organisation_id, batch.wanted, found.file_name, found.created_by)
    found.refused += len(batch.refused)
    found.refusals = [*found.refusals, *batch.refused][:MOST_REFUSALS]
    found.position, found.heartbeat_at = batch.position, timezone.now()
    found.save(update_fields=["rows", "added", "refused", "refusals", "position", "heartbeat_at"])


def end(found: SuppressionFile, state: State, detail: str = "") -> None:
    """Say how it ended, then delete the upload (promise p17)."""
    mine = SuppressionFile.objects.filter(pk=found.pk, state=State.RUNNING, rows=found.rows)
    if mine.update(state=state, detail=detail[:300], finished_at=timezone.now()):
        uploads.delete(found.file)
        SuppressionFile.objects.filter(pk=found.pk).update(file="")


def abandoned_files() -> list[int]:
    """Files whose worker died, or whose task was lost before a worker took it."""
    old = SuppressionFile.objects.filter(free(), created_at__lt=timezone.now() - STALE)
    return list(old.order_by("pk").values_list("pk", flat=True))


def tidy() -> None:
    """Delete what is left of a worker that died at the very end, and what nobody looks at any more."""
    ended = SuppressionFile.objects.exclude(state__in=OPEN)
    for found in ended.exclude(file=""):
        uploads.delete(found.file)
        SuppressionFile.objects.filter(pk=found.pk).update(file="")
    ended.filter(finished_at__lt=timezone.now() - KEPT).delete()
