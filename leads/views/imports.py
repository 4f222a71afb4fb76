from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.web import go, page_of, render_page, toast_event
from leads.importing.claims import WAITS
from leads.importing.flow import NotADraft, UnreadableFiles, discard_import, draft_imports
from leads.importing.forms import UploadForm, is_too_large, too_large
from leads.importing.map import BadMapping
from leads.importing.preview import options, preview
from leads.importing.progress import progress_of
from leads.importing.read import Unreadable
from leads.importing.rejected import rejected_response
from leads.importing.steer import TooLate, cancel_import, confirm_import, undo_import
from leads.importing.undo import is_undoable
from leads.models import Import, ImportState, RejectedRow
from leads.views.table import MOST_LISTS, list_of, may_change, refuse_viewers

REJECTED_SHOWN = 10


def found_import(request: OrgRequest, pk: int) -> Import:
    """The organisation's import; raises Http404."""
    found = request.organisation.imports.select_related("organisation", "target_list").filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such import.")
    return found


def import_url(importing: Import) -> str:
    return reverse("import", kwargs={"org": importing.organisation.slug, "pk": importing.pk})


def imports_url(request: OrgRequest) -> str:
    return reverse("imports", kwargs={"org": request.organisation.slug})


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    imports = request.organisation.imports.select_related("target_list").order_by("-pk")
    context = {"page": page_of(request, imports), "may_change": may_change(request), "active": "leads"}
    return render(request, "leads/imports.html", context)


@require_http_methods(["GET", "POST"])
def new(request: OrgRequest) -> HttpResponse:
    """Takes one file or several, and goes on to the preview, or to all of them; `?list=` names the list they are for."""
    refuse_viewers(request)
    if request.method == "POST" and is_too_large(request):
        return HttpResponse(too_large(), status=413)
    chosen = list_of(request, request.GET.get("list", ""))
    form = UploadForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial={"list_name": chosen.name if chosen else ""},
    )
    if form.is_valid():
        values = form.cleaned_data
        try:
            drafts = draft_imports(
                request.organisation,
                request.user,
                values["file"],
                list_name=values["list_name"],
                on_duplicate=values["on_duplicate"],
            )
        except UnreadableFiles as error:
            form.add_error("file", error.problems)
        else:
            return go_to_drafts(request, drafts)
    context = {"form": form, "lists": request.organisation.lists.order_by("name")[:MOST_LISTS], "active": "leads"}
    return render(request, "leads/import_new.html", context, status=422 if form.errors else 200)


def go_to_drafts(request: OrgRequest, drafts: Sequence[Import]) -> HttpResponse:
    if len(drafts) == 1:
        return go(import_url(drafts[0]))
    return go(imports_url(request), f"{len(drafts)} files are here. Look at each, and import it.")


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    """A draft's preview; later how far it is, asked for again each second, and what came of it."""
    importing = found_import(request, pk)
    polled = "busy" in request.GET
    if importing.state == ImportState.DRAFT and polled:
        return go(import_url(importing), "The file is checked.")
    if importing.state == ImportState.DRAFT:
        return show_draft(request, importing, request.GET.dict())
    busy = importing.state in WAITS
    context = {
        "importing": importing,
        "busy": busy,
        "progress": progress_of(importing),
        "undoable": not busy and is_undoable(importing),
        "refused": RejectedRow.objects.filter(source=importing).order_by("line")[:REJECTED_SHOWN] if not busy else [],
        "may_change": may_change(request),
        "active": "leads",
    }
    response = render_page(request, "leads/import.html", context, fragment="leads/_import_state.html")
    if not busy and polled:  # the last time that the page asks
        response["HX-Trigger"] = toast_event(f"The import of {importing.file_name} is {importing.state}.")
    return response


def show_draft(request: OrgRequest, draft: Import, data: dict[str, Any], error: str = "") -> HttpResponse:
    context: dict[str, Any] = {"draft": draft, "may_change": may_change(request), "active": "leads", **options()}
    try:
        context |= {"preview": preview(draft, data), "error": error}
    except Unreadable as gone:
        context |= {"error": str(gone)}
    status = 422 if error else 200
    return render_page(
        request, "leads/import_preview.html", context, fragment="leads/_import_preview.html", status=status
    )


@require_POST
def start(request: OrgRequest, pk: int) -> HttpResponse:
    """Begin the import of a draft, or first the check of one that is large and was not checked as it is mapped now."""
    draft = found_import(request, pk)
    try:
        seen = preview(draft, request.POST.dict())
        if problem := seen.problem or (seen.findings.problem if seen.findings else ""):
            raise BadMapping(problem)
        started = confirm_import(draft, seen.sheet, seen.mapping)
    except (BadMapping, Unreadable) as error:
        if draft.state == ImportState.DRAFT:
            return show_draft(request, draft, request.POST.dict(), str(error))
        return go(import_url(draft), str(NotADraft()))
    except NotADraft as error:
        return go(import_url(draft), str(error))
    return go(import_url(draft), "The import has begun." if started else "The file is being checked.")


@require_POST
def cancel(request: OrgRequest, pk: int) -> HttpResponse:
    importing = found_import(request, pk)
    try:
        cancel_import(importing)
    except TooLate as error:
        return go(import_url(importing), str(error))
    return go(import_url(importing), "Cancelled.")


@require_POST
def undo(request: OrgRequest, pk: int) -> HttpResponse:
    importing = found_import(request, pk)
    try:
        undo_import(importing)
    except TooLate as error:
        return go(import_url(importing), str(error))
    return go(import_url(importing), "The import is being undone.")


@require_POST
def discard(request: OrgRequest, pk: int) -> HttpResponse:
    draft = found_import(request, pk)
    try:
        discard_import(draft)
    except NotADraft as error:
        return go(import_url(draft), str(error))
    return go(imports_url(request), "Discarded. The file is deleted.")


@require_GET
def rejected(request: OrgRequest, pk: int) -> HttpResponseBase:
    return rejected_response(found_import(request, pk))
