"""The table of leads, as the leads page, a list's and a segment's show it: searched, sorted, filtered, paged, with a
selection."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse

from accounts.access import OrgRequest
from accounts.models import Role
from ecrm.rest import row_id
from ecrm.web import render_page
from leads.bulk.actions import CHOICES
from leads.bulk.flow import can_be_undone, outcome
from leads.bulk.run import OPEN
from leads.counting import Count
from leads.finding import Found, find
from leads.models import BulkAction, LeadList, Segment
from leads.paging import LeadPage
from leads.search import Search, read_search
from leads.segments.rules import BadRules
from leads.tags import known_tags

# As many lists as a filter or a suggestion offers.
MOST_LISTS = 500
# A page of its own whose leads the table shows; None: the page of all leads.
On = LeadList | Segment | None


def may_change(request: OrgRequest) -> bool:
    """Whether the caller may do more than look."""
    return request.membership.may(Role.MANAGER)


def refuse_viewers(request: OrgRequest) -> None:
    """A viewer gets no form that could not be sent; raises PermissionDenied."""
    if not may_change(request):
        raise PermissionDenied("This needs the role of manager.")


def list_of(request: OrgRequest, text: str) -> LeadList | None:
    """The organisation's list of that id, None where none is named; raises Http404 where there is no such list."""
    if not text:
        return None
    found = request.organisation.lists.filter(pk=row_id(text)).first()
    if found is None:
        raise Http404("There is no such list.")
    return found


def segment_of(request: OrgRequest, text: str) -> Segment | None:
    """The same for a segment."""
    if not text:
        return None
    found = request.organisation.segments.filter(pk=row_id(text)).first()
    if found is None:
        raise Http404("There is no such segment.")
    return found


def search_of(request: OrgRequest, data: QueryDict) -> Search:
    """The search that a URL or a form names; raises Http404."""
    chosen, segment = list_of(request, data.get("list", "")), segment_of(request, data.get("segment", ""))
    return read_search(data, chosen.pk if chosen else None, segment.pk if segment else None)


def query_of(search: Search, on: On, page: str = "") -> str:
    """The search as the query of a table's URL; what the page is about stands in its path."""
    parameters = search.parameters()
    if on:
        parameters.pop("list" if isinstance(on, LeadList) else "segment", None)
    query = QueryDict(mutable=True)
    query.update(parameters | ({"page": page} if page else {}))
    return query.urlencode()


def place(request: OrgRequest, search: Search, on: On, page: str = "") -> str:
    """The URL of the table that shows `search`: a list's or segment's own page, or the leads page."""
    kwargs: dict[str, Any] = {"org": request.organisation.slug}
    if on:
        path = reverse("list" if isinstance(on, LeadList) else "segment", kwargs=kwargs | {"pk": on.pk})
    else:
        path = reverse("leads", kwargs=kwargs)
    query = query_of(search, on, page)
    return f"{path}?{query}" if query else path


def show_table(
    request: OrgRequest, search: Search, on: On = None, *, error: str = "", checked: Collection[int] = ()
) -> HttpResponse:
    """The page with the table, or where htmx asks for a part, the table alone.

    With an `error` it answers what was posted to it, and the leads of `checked` stay chosen.
    """
    status = 422 if error else 200
    if error:  # the table's own links go on from the search that was posted
        request.GET = QueryDict(query_of(search, on, request.POST.get("page", "")))
    try:
        found = find(request.organisation, search, request.GET.get("page", ""))
    except BadRules as problem:
        found, error = Found(LeadPage([]), Count(0)), f"{problem} Edit the segment to mend it."
    context = table_context(request, search, on, found) | {"error": error, "checked": checked}
    template = "list" if isinstance(on, LeadList) else "segment" if isinstance(on, Segment) else "index"
    return render_page(request, f"leads/{template}.html", context, fragment="leads/_table.html", status=status)


def table_context(request: OrgRequest, search: Search, on: On, found: Found) -> dict[str, Any]:
    on_list, on_segment = (on if isinstance(on, kind) else None for kind in (LeadList, Segment))
    organisation = request.organisation
    return {
        "page": found.page,
        "count": found.count,
        "search": search,
        "narrowed": bool(
            search.q
            or search.tag
            or search.field
            or (search.list_id and not on_list)
            or (search.segment_id and not on_segment)
        ),
        "on_list": on_list,
        "on_segment": on_segment,
        "here": place(request, Search(), on),
        "query": query_of(search, None),
        "lists": organisation.lists.order_by("name")[:MOST_LISTS],
        "tags": lambda: sorted({*known_tags(organisation), *filter(None, [search.tag])}),
        "may_change": may_change(request),
        "done": done_before(request),
        "choices": {
            key: (found.label, options) for key, found in CHOICES.items() if (options := found.options(organisation))
        },
        "running": organisation.bulk_actions.filter(state__in=OPEN).order_by("-pk").first(),
        "active": "lists" if on_list else "leads",
    }


def done_before(request: OrgRequest) -> dict[str, Any] | None:
    """What was done with several leads just before the table is shown (`?done=`), to be taken back."""
    pk = row_id(request.GET.get("done", ""))
    bulk = BulkAction.objects.filter(organisation=request.organisation, pk=pk).first()
    if bulk is None or not can_be_undone(bulk):
        return None
    return {"bulk": bulk, "said": outcome(bulk)}
