from django.core.paginator import Page
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.web import go, page_of
from leads.forms import ListForm
from leads.lists import ListError, ListGone, ListInUse, create_list, delete_list, save_list, with_counts
from leads.models import LeadList
from leads.search import read_search
from leads.views.table import may_change, refuse_viewers, show_table


def found_list(request: OrgRequest, pk: int) -> LeadList:
    """The organisation's list; raises Http404."""
    found = request.organisation.lists.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such list.")
    return found


def list_url(request: OrgRequest, chosen: LeadList) -> str:
    return reverse("list", kwargs={"org": request.organisation.slug, "pk": chosen.pk})


def lists_url(request: OrgRequest) -> str:
    return reverse("lists", kwargs={"org": request.organisation.slug})


@require_http_methods(["GET", "POST"])
def index(request: OrgRequest) -> HttpResponse:
    """The lists, by name; a POST makes one."""
    form = ListForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = create_list(request.organisation, form.cleaned_data["name"])
            return go(list_url(request, made), f"The list {made.name} is there.")
        except ListError as error:
            form.add_error("name", str(error))
    page: Page[LeadList] = page_of(request, with_counts(request.organisation.lists.order_by("name")))
    context = {"page": page, "form": form, "may_change": may_change(request), "active": "lists"}
    return render(request, "leads/lists.html", context, status=422 if form.errors else 200)


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    chosen = found_list(request, pk)
    return show_table(request, read_search(request.GET, chosen.pk), chosen)


@require_http_methods(["GET", "POST"])
def rename(request: OrgRequest, pk: int) -> HttpResponse:
    refuse_viewers(request)
    chosen = found_list(request, pk)
    form = ListForm(request.POST if request.method == "POST" else None, initial={"name": chosen.name})
    if form.is_valid():
        try:
            save_list(found_list(request, pk), form.cleaned_data["name"])
            return go(list_url(request, chosen), "Saved.")
        except ListGone as error:
            raise Http404(str(error)) from error
        except ListError as error:
            form.add_error("name", str(error))
    context = {"form": form, "chosen": chosen, "active": "lists"}
    return render(request, "leads/rename.html", context, status=422 if form.errors else 200)


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    chosen = found_list(request, pk)
    try:
        delete_list(chosen)
    except ListInUse as error:
        return show_table(request, read_search({}, chosen.pk), chosen, error=str(error))
    return go(lists_url(request), f"The list {chosen.name} is deleted; its leads stay.")
