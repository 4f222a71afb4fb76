"""A bulk action's own page: how far it is, what became of it, and the way back."""

from django.core.paginator import Page
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import OrgRequest
from ecrm.web import go, page_of, render_page
from leads.bulk.actions import ACTIONS, EXPORT, in_words
from leads.bulk.flow import NotToBeUndone, can_be_undone, outcome, take_back
from leads.bulk.run import OPEN
from leads.exporting.files import path_of
from leads.models import BulkAction, BulkState
from leads.views.table import may_change


def bulk_url(bulk: BulkAction) -> str:
    return reverse("bulk", kwargs={"org": bulk.organisation.slug, "pk": bulk.pk})


def found_bulk(request: OrgRequest, pk: int) -> BulkAction:
    """The organisation's bulk action; raises Http404."""
    mine = BulkAction.objects.select_related("organisation", "created_by")
    found = mine.filter(organisation=request.organisation, pk=pk).first()
    if found is None:
        raise Http404("There is no such action.")
    return found


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    """What was done with many leads, newest first."""
    mine = request.organisation.bulk_actions.select_related("created_by").order_by("-pk")
    page: Page[BulkAction] = page_of(request, mine)
    rows = [{"bulk": bulk, "what": what(bulk), "said": "" if bulk.state in OPEN else outcome(bulk)} for bulk in page]
    return render(request, "leads/bulks.html", {"page": page, "rows": rows, "active": "leads"})


def what(bulk: BulkAction) -> str:
    """What is done, in words."""
    return "Excel export" if bulk.action == EXPORT else in_words(ACTIONS[bulk.action].asks, bulk, "leads")


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    bulk = found_bulk(request, pk)
    context = {
        "bulk": bulk,
        "busy": bulk.state in OPEN,
        "progress": progress(bulk),
        "what": what(bulk),
        "said": outcome(bulk),
        "export": bulk.action == EXPORT,
        "undoable": may_change(request) and can_be_undone(bulk),
        "back": bulk.back or reverse("leads", kwargs={"org": request.organisation.slug}),
        "may_change": may_change(request),
        "active": "leads",
    }
    return render_page(request, "leads/bulk.html", context, fragment="leads/_bulk_state.html")


def progress(bulk: BulkAction) -> str:
    if bulk.state == BulkState.PENDING or bulk.total is None:
        return "Finding the leads"
    return f"{bulk.done:,} of {bulk.total:,} leads"


@require_POST
def undo(request: OrgRequest, pk: int) -> HttpResponse:
    bulk = found_bulk(request, pk)
    try:
        bulk = take_back(bulk)
    except NotToBeUndone as error:
        return go(bulk.back or bulk_url(bulk), str(error))
    if bulk.state == BulkState.UNDONE and bulk.back:
        return go(bulk.back, outcome(bulk))
    return go(bulk_url(bulk))


@require_GET
def file(request: OrgRequest, pk: int) -> FileResponse:
    """The workbook of an export."""
    bulk = found_bulk(request, pk)
    path = path_of(bulk.file)
    if not bulk.file or not path.exists():
        raise Http404("This file is not kept any more.")
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"leads-{bulk.pk}.xlsx")
