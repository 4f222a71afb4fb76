"""XLSX files that a worker makes: below MEDIA_ROOT under a random name, readable by us alone, gone after an hour."""

import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path

import xlsxwriter
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from leads.exporting.columns import chosen, offered
from leads.exporting.rows import rows
from leads.models import BulkAction, Lead

FOLDER = "exports"
KEPT_SECONDS = 3600
# As Excel has them.
MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767
BEAT_EVERY = 2000


def path_of(file: str) -> Path:
    return Path(settings.MEDIA_ROOT) / file


def write_export(bulk: BulkAction, leads: QuerySet[Lead]) -> None:
    """Make the file, and say meanwhile how far it is."""
    BulkAction.objects.filter(pk=bulk.pk).update(total=leads.order_by().count())
    columns = chosen(offered(bulk.organisation), bulk.columns)
    file = f"{FOLDER}/{secrets.token_hex(16)}.xlsx"
    path = path_of(file)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        done = write_xlsx(rows(leads, columns), path, bulk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    BulkAction.objects.filter(pk=bulk.pk).update(file=file, done=done, changed=done)


def write_xlsx(table: Iterable[list[str]], path: Path, bulk: BulkAction) -> int:
    """A row at a time, on a further sheet where one is full; returns how many leads. Every cell is a text: none runs."""
    done = -1  # the header is no lead
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)}) as book:
        sheet, line = book.add_worksheet("Leads"), 0
        for row in table:
            if line == MOST_ROWS:
                sheet, line = book.add_worksheet(), 0
            for column, value in enumerate(row):
                sheet.write_string(line, column, value[:LONGEST_CELL])
            line, done = line + 1, done + 1
            if done % BEAT_EVERY == 0:
                BulkAction.objects.filter(pk=bulk.pk).update(done=done, heartbeat_at=timezone.now())
    return done


def tidy() -> None:
    """Delete what is older than KEPT_SECONDS."""
    latest = time.time() - KEPT_SECONDS
    for path in path_of(FOLDER).glob("*"):
        if path.stat().st_mtime < latest:
            path.unlink(missing_ok=True)
            BulkAction.objects.filter(file=f"{FOLDER}/{path.name}").update(file="")
