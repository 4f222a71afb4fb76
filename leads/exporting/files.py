"""XLSX files that a worker makes: below MEDIA_ROOT under a random name, readable by us alone, gone after an hour, with their
action or organisation, and as soon as somebody is erased who may stand in them (promises p17, p18)."""

import os
import secrets
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_delete
from django.dispatch import receiver
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


def delete(file: str) -> None:
    """Delete an export; one that is gone already stays so."""
    if file:
        path_of(file).unlink(missing_ok=True)


@receiver(post_delete, sender=BulkAction)
def delete_with_action(instance: BulkAction, **about: Any) -> None:
    transaction.on_commit(partial(delete, instance.file))


def forget_people(leads: Sequence[int]) -> None:
    """The hook `services.ERASERS`: these people stand in no file any more."""
    organisations = Lead.objects.filter(pk__in=leads).values("organisation")
    for bulk in BulkAction.objects.filter(organisation__in=organisations).exclude(file=""):
        transaction.on_commit(partial(delete, bulk.file))
        BulkAction.objects.filter(pk=bulk.pk).update(file="")
