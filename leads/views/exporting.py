"""Exports: which columns, then CSV at once or a workbook that a worker makes. Whoever may look may export."""

from collections.abc import Collection
from typing import Any

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import OrgRequest
from accounts.models import Role
from ecrm.rest import row_id
from ecrm.spreadsheet import csv_response
from ecrm.web import go, render_page
from leads.bulk.actions import EXPORT
from leads.bulk.flow import begin
from leads.bulk.meant import Meant
from leads.counting import THOROUGH
from leads.exporting.columns import chosen, offered
from leads.exporting.rows import rows
from leads.models import BulkAction
from leads.segments.rules import BadRules
from leads.views.running import bulk_url
from leads.views.table import place, search_of

# Chosen leads stand in the address: as many as a page of the table has, and some more.
MOST_CHOSEN = 500


def meant_by_query(request: OrgRequest) -> Meant:
    """The search of the address, or the leads that it names; raises Http404."""
    ids = [row_id(text) for text in request.GET.get("leads", "").split(",")[:MOST_CHOSEN]]
    return Meant(request.organisation, search_of(request, request.GET), tuple(pk for pk in ids if pk > 0))


def query_with(request: OrgRequest, columns: Collection[str]) -> str:
    """The address's query with these columns; none for all of them."""
    query: QueryDict = request.GET.copy()
    query.setlist("column", list(columns))
    return query.urlencode()


@require_http_methods(["GET", "POST"])
def index(request: OrgRequest) -> HttpResponse:
    """A POST begins a workbook."""
    meant = meant_by_query(request)
    offer = offered(request.organisation)
    columns = chosen(offer, request.GET.getlist("column"))
    try:
        if request.method == "POST":
            return go(bulk_url(begin_export(request, meant, list(columns))))
        count = meant.count(THOROUGH)
    except BadRules as error:
        return go(place(request, meant.search, None), str(error))
    context: dict[str, Any] = {
        "count": count,
        "offer": offer,
        "columns": columns,
        "query": query_with(request, () if columns == offer else columns),
        "kept": [(name, value) for name, value in request.GET.items() if name != "column"],
        "back": place(request, meant.search, None),
        "active": "leads",
    }
    return render_page(request, "leads/export.html", context, fragment="leads/_export_ways.html")


index.role_for_post = Role.VIEWER  # type: ignore[attr-defined]


def begin_export(request: OrgRequest, meant: Meant, columns: list[str]) -> BulkAction:
    """Raises BadRules."""
    planned = BulkAction(
        organisation=request.organisation,
        created_by=request.user,
        action=EXPORT,
        columns=columns,
        back=place(request, meant.search, None)[:500],
    )
    return begin(planned, meant)


@require_GET
def csv(request: OrgRequest) -> HttpResponse | StreamingHttpResponse:
    meant = meant_by_query(request)
    columns = chosen(offered(request.organisation), request.GET.getlist("column"))
    try:
        return csv_response(rows(meant.leads(), columns), "leads.csv")
    except BadRules as error:
        return HttpResponse(str(error), status=409, content_type="text/plain; charset=utf-8")
