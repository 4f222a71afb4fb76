"""What people do with imports, one function each: draft, look, start, discard; pages and API call these."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from leads.importing import uploads
from leads.importing.map import check, guess
from leads.importing.recognise import Sheet, recognise
from leads.lists import LONGEST_NAME, clean_text, named_list
from leads.models import Import, ImportState
from leads.tasks import run_import

LONGEST_FILE_NAME = 300


class NotADraft(Exception):
    """The import was started already; its text says so."""

    def __init__(self) -> None:
        super().__init__("This import was started already.")


def draft_import(
    organisation: Organisation,
    by: User,
    upload: "UploadedFile[Any]",
    *,
    list_name: str = "",
    on_duplicate: str = "update",
) -> Import:
    """Keep an upload and what can be told of it, until its mapping is confirmed; raises Unreadable, and keeps nothing."""
    file = uploads.store(upload.chunks())
    try:
        sheet = recognise(uploads.path_of(file))
        return Import.objects.create(
            organisation=organisation,
            created_by=by,
            file_name=clean_text(upload.name or "a file", LONGEST_FILE_NAME),
            file=file,
            size=uploads.path_of(file).stat().st_size,
            list_name=clean_text(list_name, LONGEST_NAME),
            on_duplicate=on_duplicate,
            mapping=guess(sheet.header, sheet.rows),
            **dialect_of(sheet),
        )
    except BaseException:
        uploads.delete(file)
        raise


def dialect_of(sheet: Sheet) -> dict[str, object]:
    dialect = sheet.dialect
    return {
        "encoding": dialect.encoding,
        "separator": dialect.separator,
        "header_line": dialect.header_line,
        "header": sheet.header,
    }


def look(draft: Import, encoding: str = "", separator: str = "") -> Sheet:
    """A draft's file, read as it was when it came, or otherwise; changes nothing. Raises Unreadable."""
    path = uploads.path_of(draft.file)
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
        chosen = named_list(draft.organisation, draft.list_name) if draft.list_name else None
        drafts.update(
            state=ImportState.PENDING,
            mapping=checked,
            target_list=chosen,
            heartbeat_at=timezone.now(),
            **dialect_of(sheet),
        )
        # Without Redis the import waits for `resume_imports`, which finds it in the database.
        transaction.on_commit(lambda: run_import.delay(draft.pk), robust=True)
    draft.refresh_from_db()


def discard_import(draft: Import) -> None:
    """Forget a draft and its upload; raises NotADraft."""
    _, deleted = Import.objects.filter(pk=draft.pk, state=ImportState.DRAFT).delete()
    if not deleted.get(Import._meta.label):
        raise NotADraft
