"""Imports over the API (../shared/API.md)."""

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja import Router, Status

from accounts.access import OrgRequest
from ecrm.problems import Problem, refuse
from ecrm.rest import Slug, iso, page, row_id
from leads.importing.flow import complete, discard_import, draft_import, look, start_import
from leads.importing.forms import ON_DUPLICATE, UploadForm, is_too_large, too_large
from leads.importing.map import BadMapping
from leads.importing.read import Unreadable
from leads.importing.rejected import rejected_response
from leads.importing.steer import TooLate, cancel_import, undo_import
from leads.importing.vocabulary import CUSTOM, LABELS
from leads.models import Import, ImportState

router = Router(tags=["Imports"])
Json = dict[str, Any]

FIELDS = {"file", "list", "mapping", "on_duplicate"}
# The body is read by hand: a file that is too large is refused before it is.
MULTIPART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "CSV in any dialect, a workbook or vCards; gzip or ZIP.",
                        },
                        "list": {"type": "string", "description": "The name of a list; made where there is none."},
                        "mapping": {
                            "type": "string",
                            "description": (
                                "JSON: header → field; guessed for the headers that are left out, null leaves a column "
                                f"out. Fields: {', '.join(LABELS)}, and {CUSTOM}<name>."
                            ),
                        },
                        "on_duplicate": {"type": "string", "enum": list(ON_DUPLICATE), "default": "update"},
                    },
                }
            }
        },
    }
}


def show_import(importing: Import) -> Json:
    return {
        "id": str(importing.pk),
        "state": importing.state,
        "rows": importing.rows,
        "created": importing.created,
        "updated": importing.updated,
        "skipped": importing.skipped,
        "rejected": importing.rejected,
        "duplicates": importing.duplicates,
        "suppressed": importing.suppressed,
        "detail": importing.detail,
        "file": importing.file_name,
        "list": str(importing.target_list_id) if importing.target_list_id else None,
        "created_at": iso(importing.created_at),
        "finished_at": iso(importing.finished_at) if importing.finished_at else None,
    }


def begun(request: OrgRequest) -> QuerySet[Import]:
    """The organisation's imports but for the dashboard's drafts."""
    return request.organisation.imports.exclude(state__in=[ImportState.DRAFT, ImportState.CHECKING])


def find(request: OrgRequest, import_id: str) -> Import:
    """The organisation's import of that id; a 404 Problem where there is none, or it is a draft of the dashboard's."""
    found = begun(request).filter(pk=row_id(import_id)).first()
    if found is None:
        raise Problem(404, "There is no such import.")
    return found


def upload_of(request: OrgRequest) -> tuple["UploadedFile[Any]", str, str]:
    """The file, the list's name and what to do with duplicates; a Problem naming the field at fault."""
    if is_too_large(request):
        raise Problem(413, too_large(), [{"field": "file", "message": too_large()}])
    try:
        names = {*request.POST, *request.FILES}
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise refuse("file", "Send the file as multipart/form-data.") from error
    if unknown := sorted(names - FIELDS):
        raise refuse(unknown[0], f"There is no field {unknown[0][:80]}; send {', '.join(sorted(FIELDS))}.")
    sent = {"list_name": request.POST.get("list", ""), "on_duplicate": request.POST.get("on_duplicate", "update")}
    form = UploadForm(sent, request.FILES)
    for field, messages in form.errors.items():
        raise refuse("list" if field == "list_name" else field, str(messages[0]))
    values = form.cleaned_data
    [file, *others] = values["file"]
    if others:
        raise refuse("file", "Send one file at a time.")
    return file, values["list_name"], values["on_duplicate"]


def mapping_of(text: str) -> dict[str, str]:
    """What was sent of a mapping: header → field, empty for a column to be left out; a 422 Problem for anything else."""
    try:
        sent = json.loads(text or "{}")
        json.dumps(sent, ensure_ascii=False).encode()  # JSON can spell characters that no text has
    except (ValueError, RecursionError) as error:
        raise refuse("mapping", "Send the mapping as JSON: an object of header and field.") from error
    if not isinstance(sent, dict) or not all(value is None or isinstance(value, str) for value in sent.values()):
        raise refuse("mapping", "A mapping is an object whose keys are headers and whose values are fields, or null.")
    return {header: value or "" for header, value in sent.items()}


@router.post("/imports", summary="Import a file", response={202: Json}, openapi_extra=MULTIPART)
def create(request: OrgRequest, org: Slug) -> Status[Json]:
    """A worker does the work; ask for the import to see how far it is."""
    file, list_name, on_duplicate = upload_of(request)
    given = mapping_of(request.POST.get("mapping", ""))
    try:
        draft = draft_import(request.organisation, request.user, file, list_name=list_name, on_duplicate=on_duplicate)
    except Unreadable as error:
        raise refuse("file", str(error)) from error
    try:
        sheet = look(draft)
        start_import(draft, sheet, complete(sheet, given))
    except BadMapping as error:
        discard_import(draft)
        raise refuse("mapping", str(error)) from error
    return Status(202, {"id": str(draft.pk), "state": draft.state})


@router.get("/imports", summary="Imports, newest first")
def index(request: OrgRequest, org: Slug, limit: int = 100, cursor: str = "") -> Json:
    return page(begun(request), show_import, limit, cursor)


@router.get("/imports/{import_id}", summary="How far an import is")
def read(request: OrgRequest, org: Slug, import_id: str) -> Json:
    return show_import(find(request, import_id))


@router.post("/imports/{import_id}/cancel", summary="Stop an import where it is")
def cancel(request: OrgRequest, org: Slug, import_id: str) -> Json:
    """What is imported stays, and can be undone."""
    return show_import(steered(request, import_id, cancel_import))


@router.post("/imports/{import_id}/undo", summary="Take an import back", response={202: Json})
def undo(request: OrgRequest, org: Slug, import_id: str) -> Status[Json]:
    """Leads that it created go, leads that it changed get their former values back; for 30 days, as long as nothing was sent
    to any of them."""
    return Status(202, show_import(steered(request, import_id, undo_import)))


def steered(request: OrgRequest, import_id: str, act: Callable[[Import], None]) -> Import:
    """The import after `act`; a 409 Problem where it is too late for that."""
    importing = find(request, import_id)
    try:
        act(importing)
    except TooLate as error:
        raise Problem(409, str(error)) from error
    importing.refresh_from_db()
    return importing


@router.get("/imports/{import_id}/rejected.csv", summary="The refused rows, each with its line and reason")
def rejected(request: OrgRequest, org: Slug, import_id: str) -> StreamingHttpResponse:
    return rejected_response(find(request, import_id), mark=False)
