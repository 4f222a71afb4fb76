"""What people do with an import on its way, one function each: have it checked and start it, cancel, undo; pages and API."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from leads.importing import undo, uploads
from leads.importing.check import findings_of, fingerprint, is_small
from leads.importing.flow import NotADraft, dialect_fields, start_import
from leads.importing.map import check
from leads.importing.recognise import Sheet
from leads.importing.remember import remember
from leads.models import Import, ImportState
from leads.tasks import run_import


class TooLate(Exception):
    """What was asked cannot be done any more; the text says why."""


def confirm_import(draft: Import, sheet: Sheet, mapping: Mapping[str, str]) -> bool:
    """Start a draft whose mapping a person has seen; a large file that was not checked as mapped is checked first.

    Returns whether it was started. Raises BadMapping or NotADraft.
    """
    remember(draft.organisation, sheet.header, check(sheet.header, mapping))
    last = findings_of(draft.findings or {})
    if is_small(draft) or last.of == fingerprint(sheet.dialect, mapping):
        start_import(draft, sheet, mapping)
        return True
    start_check(draft, sheet, mapping)
    return False


def start_check(draft: Import, sheet: Sheet, mapping: Mapping[str, str]) -> None:
    """Let a worker look through the whole file; raises BadMapping or NotADraft."""
    checked = check(sheet.header, mapping)
    with transaction.atomic():
        drafts = Import.objects.filter(pk=draft.pk, state=ImportState.DRAFT)
        if not drafts.update(
            state=ImportState.CHECKING,
            mapping=checked,
            findings=None,
            rows=0,
            position=0,
            heartbeat_at=None,
            started_at=None,
            **dialect_fields(sheet),
        ):
            raise NotADraft
        transaction.on_commit(lambda: run_import.delay(draft.pk), robust=True)


def cancel_import(importing: Import) -> None:
    """Stop an import where it is, what is imported stays; a check that is cancelled leaves its draft. Raises TooLate."""
    mine = Import.objects.filter(pk=importing.pk)
    checking = mine.filter(state=ImportState.CHECKING)
    if checking.update(state=ImportState.DRAFT, rows=0, position=0, attempts=0, heartbeat_at=None):
        return
    going = mine.filter(state__in=[ImportState.PENDING, ImportState.RUNNING])
    if not going.update(state=ImportState.CANCELLED, finished_at=timezone.now()):
        raise TooLate("This import has ended already.")
    uploads.drop(importing)


def undo_import(importing: Import) -> None:
    """Let a worker take an import back; raises TooLate."""
    if reason := undo.why_not(importing):
        raise TooLate(reason)
    with transaction.atomic():
        ended = Import.objects.filter(pk=importing.pk, state__in=undo.ENDED)
        if not ended.update(state=ImportState.UNDOING, heartbeat_at=None, attempts=0, detail=""):
            raise TooLate("This import is being undone already.")
        transaction.on_commit(lambda: run_import.delay(importing.pk), robust=True)
