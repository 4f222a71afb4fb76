"""What people do with imports, one function each: draft, look, start, discard; pages and API call these."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from leads.importing.formats import table
from leads.importing.map import check, guess
from leads.importing.read import Unreadable
from leads.importing.receive import Received, naming, receive
from leads.importing.recognise import Sheet, recognise, recognise_sheet
from leads.importing.remember import mapping_for
from leads.importing.uploads import path_of
from leads.lists import LONGEST_NAME, clean_text, named_list
from leads.models import Import, ImportState
from leads.tasks import run_import

LONGEST_FILE_NAME = 300
NONE_KEPT = "None of the files was kept: choose the others again."


class NotADraft(Exception):
    """The import was started already; its text says so."""

    def __init__(self) -> None:
        super().__init__("This import was started already.")


class UnreadableFiles(Unreadable):
    """Of several files, some cannot be imported: `problems` says of each what its Unreadable would."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def draft_imports(
    organisation: Organisation,
    by: User,
    uploads: "Sequence[UploadedFile[Any]]",
    *,
    list_name: str = "",
    on_duplicate: str = "update",
) -> list[Import]:
    """Keep uploads, and what can be told of each file in them, until its mapping is confirmed.

    Raises UnreadableFiles where any of them is unreadable, and keeps nothing.
    """
    with ExitStack() as undo:
        files = looked_at(organisation, uploads, undo)
        with transaction.atomic():
            drafts = [
                Import.objects.create(
                    organisation=organisation,
                    created_by=by,
                    list_name=clean_text(list_name, LONGEST_NAME),
                    on_duplicate=on_duplicate,
                    **told,
                )
                for told in files
            ]
        undo.pop_all()
    return drafts


def draft_import(organisation: Organisation, by: User, upload: "UploadedFile[Any]", **options: str) -> Import:
    """`draft_imports` for an upload that must be one file; raises Unreadable."""
    draft, *others = draft_imports(organisation, by, [upload], **options)
    if others:
        for one in (draft, *others):
            discard_import(one)
        raise Unreadable(f"There are {len(others) + 1} files in the archive. Send one at a time.")
    return draft


def looked_at(
    organisation: Organisation, uploads: "Sequence[UploadedFile[Any]]", undo: ExitStack
) -> list[dict[str, Any]]:
    """What an Import holds of each file in the uploads."""
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    for upload in uploads:
        name = upload.name or "a file"
        try:
            with naming(name if len(uploads) > 1 else ""):
                files = receive(upload.chunks(), name, undo)
                for file in files:
                    with naming(file.name if len(files) > 1 else ""):
                        found.append(told_of(organisation, file))
        except Unreadable as error:
            problems.append(str(error))
    if problems:
        raise UnreadableFiles([*problems, NONE_KEPT] if len(uploads) > 1 else problems)
    return found


def told_of(organisation: Organisation, received: Received) -> dict[str, Any]:
    path = path_of(received.file)
    sheet = recognise_sheet(path, received.sheets) if received.separator else recognise(path)
    return {
        "file_name": clean_text(received.name, LONGEST_FILE_NAME),
        "file": received.file,
        "size": path.stat().st_size,
        "sheets": received.sheets,
        "mapping": mapping_for(organisation, sheet),
        **dialect_fields(sheet),
    }


def dialect_fields(sheet: Sheet) -> dict[str, object]:
    dialect = sheet.dialect
    return {
        "encoding": dialect.encoding,
        "separator": dialect.separator,
        "sheet": dialect.sheet,
        "header_line": dialect.header_line,
        "header": sheet.header,
    }


def look(draft: Import, encoding: str = "", separator: str = "", sheet: str = "") -> Sheet:
    """A draft's file, read as it was when it came, or otherwise; changes nothing. Raises Unreadable.

    Only a workbook has another sheet, and only text another encoding and separator.
    """
    path = path_of(draft.file)
    if draft.separator == table.SEPARATOR:
        return recognise(path, draft.encoding, draft.separator, sheet if sheet in draft.sheets else draft.sheet)
    return recognise(path, encoding or draft.encoding, separator or draft.separator)


def complete(sheet: Sheet, given: Mapping[str, str]) -> dict[str, str]:
    """What a program said of some columns (empty: leave it out), and a guess for the others."""
    return dict(given) | guess(sheet.header, sheet.rows, given)


def start_import(draft: Import, sheet: Sheet, mapping: Mapping[str, str]) -> None:
    """Let a worker import the file, read as `sheet` and mapped as `mapping`; raises BadMapping or NotADraft."""
    checked = check(sheet.header, mapping)
    with transaction.atomic():
        drafts = Import.objects.select_for_update().filter(pk=draft.pk, state=ImportState.DRAFT)
        if not drafts.exists():
            raise NotADraft
        known = draft.organisation.lists.filter(name=draft.list_name).exists()
        chosen = named_list(draft.organisation, draft.list_name) if draft.list_name else None
        drafts.update(
            state=ImportState.PENDING,
            mapping=checked,
            target_list=chosen,
            made_list=bool(chosen and not known),
            heartbeat_at=timezone.now(),
            **dialect_fields(sheet),
        )
        # Without Redis the import waits for `resume_imports`, which finds it in the database.
        transaction.on_commit(lambda: run_import.delay(draft.pk), robust=True)
    draft.refresh_from_db()


def discard_import(draft: Import) -> None:
    """Forget a draft and its upload; raises NotADraft."""
    _, deleted = Import.objects.filter(pk=draft.pk, state=ImportState.DRAFT).delete()
    if not deleted.get(Import._meta.label):
        raise NotADraft
