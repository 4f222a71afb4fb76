"""A file of addresses and domains: kept, looked at, and given to a worker (`run`)."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import Organisation, User
from leads.importing.flow import LONGEST_FILE_NAME, dialect_fields
from leads.importing.map import MOSTLY
from leads.importing.read import Unreadable
from leads.importing.receive import Received, receive
from leads.importing.recognise import Sheet, recognise, recognise_sheet
from leads.importing.uploads import path_of
from leads.importing.vocabulary import key_of, meaning
from leads.lists import clean_text
from leads.models import SuppressionFile, SuppressionReason
from leads.suppressing.cells import is_entry
from leads.tasks import run_suppression_file

NO_COLUMN = "No column of this file holds addresses or domains."
REASON_HEADERS = frozenset(
    map(key_of, ["reason", "status", "type", "category", "grund", "raison", "motif", "motivo", "reden", "powód"])
)


@dataclass(frozen=True)
class Columns:
    """Which column holds the entries, and which says why, where one does; counted from 0."""

    entries: int
    reason: int | None


def begin_file(
    organisation: Organisation, by: User, upload: "UploadedFile[Any]", reason: SuppressionReason
) -> SuppressionFile:
    """Let a worker put what the file holds on the list; raises Unreadable, in words for who uploaded it."""
    name = upload.name or "a file"
    with ExitStack() as undo:
        received = receive(upload.chunks(), name, undo)
        if len(received) != 1:
            raise Unreadable(f"There are {len(received)} files in the archive. Send one at a time.")
        sheet, columns = looked_at(received[0])
        with transaction.atomic():
            made = SuppressionFile.objects.create(
                organisation=organisation,
                created_by=by,
                file_name=clean_text(received[0].name, LONGEST_FILE_NAME),
                file=received[0].file,
                size=path_of(received[0].file).stat().st_size,
                column=columns.entries,
                reason_column=columns.reason,
                reason=reason,
                **dialect_fields(sheet),
            )
            # Without Redis it waits for `resume_suppression_files`, which finds it in the database.
            transaction.on_commit(lambda: run_suppression_file.delay(made.pk), robust=True)
        undo.pop_all()
    return made


def looked_at(received: Received) -> tuple[Sheet, Columns]:
    """The file, and its columns; a first row that is an entry itself is no header. Raises Unreadable."""
    path = path_of(received.file)
    sheet = recognise_sheet(path, received.sheets) if received.separator else recognise(path)
    entries = entry_column(sheet)
    if sheet.dialect.header_line and is_entry(sheet.header[entries]):
        return replace(sheet, dialect=replace(sheet.dialect, header_line=0)), Columns(entries, None)
    reasons = [index for index, name in enumerate(sheet.header) if key_of(name) in REASON_HEADERS and index != entries]
    return sheet, Columns(entries, reasons[0] if reasons else None)


def entry_column(sheet: Sheet) -> int:
    """The column of that name with any entry, else the first whose filled cells are mostly entries. Raises Unreadable."""
    named = [index for index, name in enumerate(sheet.header) if (meaning(name) or ("",))[0] == "email"]
    for index, enough in [*((index, 0.0) for index in named), *((index, MOSTLY) for index in range(len(sheet.header)))]:
        cells = [row.cells[index] for row in sheet.rows if len(row.cells) > index and row.cells[index].strip()]
        entries = sum(map(is_entry, cells))
        if entries and entries >= enough * len(cells):
            return int(index)
    raise Unreadable(NO_COLUMN)
