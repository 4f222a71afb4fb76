"""The table of leads, as the leads page and a list's page show it: searched, sorted, filtered, paged, with a selection."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse

from accounts.access import OrgRequest
from accounts.models import Role
from ecrm.rest import row_id
from ecrm.web import page_of, render_page
from leads.models import LeadList
from leads.search import Search, found_leads, known_tags, with_suppression

# As many lists as a filter or a suggestion offers.
MOST_LISTS = 500


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


def query_of(search: Search, on_list: LeadList | None, page: str = "") -> str:
    """The search as the query of a table's URL; on a list's own page the list stands in the path."""
    parameters = search.parameters()
    if on_list:
        parameters.pop("list", None)
    query = QueryDict(mutable=True)
    query.update(parameters | ({"page": page} if page else {}))
    return query.urlencode()


def place(request: OrgRequest, search: Search, on_list: LeadList | None, page: str = "") -> str:
    """The URL of the table that shows `search`: a list's own page for `on_list`, the leads page otherwise."""
    kwargs: dict[str, Any] = {"org": request.organisation.slug}
    path = reverse("list", kwargs=kwargs | {"pk": on_list.pk}) if on_list else reverse("leads", kwargs=kwargs)
    query = query_of(search, on_list, page)
    return f"{path}?{query}" if query else path


def show_table(
    request: OrgRequest,
    search: Search,
    on_list: LeadList | None = None,
    *,
    error: str = "",
    checked: Collection[int] = (),
) -> HttpResponse:
    """The page with the table, or where htmx asks for a part, the table alone.

    With an `error` it answers what was posted to it, and the leads of `checked` stay chosen.
    """
    if error:  # the table's own links go on from the search that was posted
        request.GET = QueryDict(query_of(search, on_list, request.POST.get("page", "")))
    lists = request.organisation.lists.order_by("name")
    context = {
        "page": page_of(request, with_suppression(found_leads(request.organisation, search))),
        "search": search,
        "narrowed": bool(search.q or search.tag or (search.list_id and not on_list)),
        "on_list": on_list,
        "here": place(request, Search(), on_list),
        "lists": lists[:MOST_LISTS],
        "tags": lambda: sorted({*known_tags(request.organisation), *filter(None, [search.tag])}),
        "may_change": may_change(request),
        "error": error,
        "checked": checked,
        "active": "lists" if on_list else "leads",
    }
    template = "leads/list.html" if on_list else "leads/index.html"
    return render_page(request, template, context, fragment="leads/_table.html", status=422 if error else 200)
