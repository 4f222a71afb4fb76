from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.spreadsheet import csv_response
from ecrm.web import go, page_of, render_page, toast_event
from leads.importing.forms import is_too_large, too_large
from leads.importing.read import Unreadable
from leads.models import SuppressionFile, SuppressionReason
from leads.suppressing import export
from leads.suppressing.files import begin_file
from leads.suppressing.forms import AddForm, FileForm
from leads.suppressing.listing import (
    KINDS,
    REASONS,
    is_removable,
    kind_of,
    matching,
    ordered,
    read_filter,
    whence,
)
from leads.suppressing.run import OPEN
from leads.suppressing.typed import Refused, read
from leads.suppressing.typed import add as put_on_list
from leads.suppression import KeptSuppression, unsuppress
from leads.views.table import may_change, refuse_viewers

FILES_SHOWN = 10
REFUSALS_SHOWN = 50


def list_url(request: OrgRequest) -> str:
    return reverse("suppressions", kwargs={"org": request.organisation.slug})


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    wanted = read_filter(request.GET)
    page = page_of(request, ordered(matching(request.organisation, wanted), wanted.sort))
    rows = [
        {
            "entry": entry,
            "kind": kind_of(entry),
            "whence": whence(entry),
            "removable": is_removable(entry),
        }
        for entry in page
    ]
    context = {
        "page": page,
        "rows": rows,
        "filter": wanted,
        "reasons": REASONS,
        "kinds": KINDS,
        "may_change": may_change(request),
        "active": "leads",
    }
    return render_page(request, "leads/suppressions.html", context, fragment="leads/_suppressions.html")


@require_http_methods(["GET", "POST"])
def add(request: OrgRequest) -> HttpResponse:
    """Suppresses what can be read of what was typed; the rest stays in the form, each line with its reason."""
    refuse_viewers(request)
    form = AddForm(request.POST if request.method == "POST" else None)
    refused: list[Refused] = []
    done = ""
    if form.is_valid():
        reason = SuppressionReason(form.cleaned_data["reason"])
        found = read(form.cleaned_data["entries"], reason)
        added = put_on_list(request.organisation, request.user, found)
        done, refused = added_in_words(added, found.different), found.refused
        if not refused:
            return go(list_url(request), done)
        form = AddForm(initial={"entries": "\n".join(one.text for one in refused), "reason": reason})
    context = {
        "form": form,
        "refused": refused[:REFUSALS_SHOWN],
        "more": max(0, len(refused) - REFUSALS_SHOWN),
        "done": done,
        "active": "leads",
    }
    return render(request, "leads/suppressions_add.html", context, status=422 if form.errors or refused else 200)


def added_in_words(added: int, wanted: int) -> str:
    before = wanted - added
    parts = [f"{added:,} added." if added else "", f"{before:,} known before." if before else ""]
    return " ".join(filter(None, parts)) or "Nothing is added."


@require_POST
def remove(request: OrgRequest, pk: int) -> HttpResponse:
    """Goes back to the list as it was filtered, which the address says."""
    entry = request.organisation.suppressions.filter(pk=pk).first()
    if entry is None:
        raise Http404("There is no such entry.")
    back = f"{list_url(request)}?{request.GET.urlencode()}".rstrip("?")
    try:
        unsuppress(entry)
    except KeptSuppression as error:
        return go(back, str(error))
    return go(back, f"{entry.name or 'This person'} may be mailed again.")


@require_GET
def csv(request: OrgRequest) -> StreamingHttpResponse:
    """What the filter of the address finds."""
    entries = matching(request.organisation, read_filter(request.GET))
    return csv_response(export.rows(entries), "suppressions.csv")


@require_http_methods(["GET", "POST"])
def new_file(request: OrgRequest) -> HttpResponse:
    refuse_viewers(request)
    posted = request.method == "POST"
    if posted and is_too_large(request):
        return HttpResponse(too_large(), status=413)
    form = FileForm(request.POST if posted else None, request.FILES if posted else None)
    if form.is_valid():
        reason = SuppressionReason(form.cleaned_data["reason"])
        try:
            made = begin_file(request.organisation, request.user, form.cleaned_data["file"], reason)
        except Unreadable as error:
            form.add_error("file", str(error))
        else:
            return go(reverse("suppression-file", kwargs={"org": request.organisation.slug, "pk": made.pk}))
    files = request.organisation.suppression_files.order_by("-pk")[:FILES_SHOWN]
    context = {"form": form, "files": files, "active": "leads"}
    return render(request, "leads/suppressions_import.html", context, status=422 if form.errors else 200)


def found_file(request: OrgRequest, pk: int) -> SuppressionFile:
    """The organisation's file; raises Http404."""
    found = request.organisation.suppression_files.select_related("created_by").filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such import.")
    return found


@require_GET
def show_file(request: OrgRequest, pk: int) -> HttpResponse:
    """How far it is, asked for again each second, and what came of it."""
    found = found_file(request, pk)
    busy = found.state in OPEN
    context: dict[str, Any] = {
        "found": found,
        "busy": busy,
        "column": found.header[found.column] if found.header_line else "",
        "refusals": found.refusals[:REFUSALS_SHOWN],
        "may_change": may_change(request),
        "active": "leads",
    }
    response = render_page(
        request, "leads/suppression_file.html", context, fragment="leads/_suppression_file_state.html"
    )
    if not busy and "busy" in request.GET:  # the last time that the page asks
        response["HX-Trigger"] = toast_event(f"The import of {found.file_name} is {found.state}.")
    return response


@require_GET
def refused(request: OrgRequest, pk: int) -> StreamingHttpResponse:
    found = found_file(request, pk)
    lines = ((refusal["line"], refusal["reason"]) for refusal in found.refusals)
    return csv_response([("line", "reason"), *lines], f"suppressions-{found.pk}-refused.csv")
