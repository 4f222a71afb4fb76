"""The tags of an organisation: how many leads carry each, renaming, merging, deleting."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.web import PAGE_SIZE, go
from leads.bulk.flow import begin, outcome
from leads.bulk.meant import Meant
from leads.counting import THOROUGH, count_leads
from leads.models import BulkAction, BulkState
from leads.search import Search, matching
from leads.segments.renaming import follow_tag
from leads.tags import clean_tag, counted_tags
from leads.views.running import bulk_url
from leads.views.table import may_change, refuse_viewers


def tags_url(request: OrgRequest) -> str:
    return reverse("tags", kwargs={"org": request.organisation.slug})


def named_tag(text: str) -> str:
    """Raises Http404 where none is named: without one, a search finds everybody."""
    if tag := clean_tag(text):
        return tag
    raise Http404("There is no such tag.")


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    page = Paginator(counted_tags(request.organisation), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "leads/tags.html", {"page": page, "may_change": may_change(request), "active": "leads"})


@require_http_methods(["GET", "POST"])
def rename(request: OrgRequest) -> HttpResponse:
    """Under the name of another tag, it becomes that one."""
    refuse_viewers(request)
    tag = named_tag(request.GET.get("tag", ""))
    name, error = tag, ""
    if request.method == "POST":
        name = clean_tag(request.POST.get("name", ""))
        if name and name != tag:
            follow_tag(request.organisation, tag, name)
            return begin_with_tag(request, tag, BulkAction(action="retag", value=tag, new_value=name))
        error = "Give it another name." if name else "Please fill this in."
    leads = matching(request.organisation, Search(tag=tag))
    context: dict[str, Any] = {"tag": tag, "name": name, "error": error, "count": count_leads(leads, THOROUGH)}
    return render(request, "leads/tag_rename.html", context | {"active": "leads"}, status=422 if error else 200)


@require_POST
def delete(request: OrgRequest) -> HttpResponse:
    tag = named_tag(request.POST.get("tag", ""))
    return begin_with_tag(request, tag, BulkAction(action="untag", value=tag))


def begin_with_tag(request: OrgRequest, tag: str, bulk: BulkAction) -> HttpResponse:
    """Do it with everyone who carries the tag."""
    bulk.created_by, bulk.back = request.user, tags_url(request)
    begun = begin(bulk, Meant(request.organisation, Search(tag=tag)))
    if begun.state == BulkState.DONE and bulk.action == "retag":
        return go(tags_url(request), outcome(begun))
    return go(bulk_url(begun))
