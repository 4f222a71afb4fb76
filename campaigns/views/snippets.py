"""Snippets: pieces of wording that every template may take in."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from campaigns.errors import BadValue
from campaigns.forms.library import SnippetForm
from campaigns.library import delete_snippet, save_snippet, uses_of_snippet
from campaigns.models import Snippet
from campaigns.views.common import MOST_TYPED, may_manage
from campaigns.views.wording import wording_context
from ecrm.web import go, page_of, toast_event
from leads.views.table import refuse_viewers


def url(request: OrgRequest) -> str:
    return reverse("snippets", kwargs={"org": request.organisation.slug})


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    q = request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    snippets = request.organisation.snippets.order_by("name")
    context = {
        "page": page_of(request, snippets.filter(name__icontains=q) if q else snippets),
        "q": q,
        "may_manage": may_manage(request),
        "active": "campaigns",
        "part": "snippets",
    }
    return render(request, "campaigns/library/snippets.html", context)


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int | None = None) -> HttpResponse:
    """One snippet, or a new one."""
    if pk is None:
        refuse_viewers(request)
    snippet = (
        get_object_or_404(request.organisation.snippets, pk=pk) if pk else Snippet(organisation=request.organisation)
    )
    posted = request.method == "POST"
    form = SnippetForm(request.POST if posted else None, initial=SnippetForm.values_of(snippet))
    if posted and form.is_valid():
        try:
            save_snippet(snippet, **form.cleaned_data, by=request.user)
            return go(url(request), f"Saved {snippet.name}.")
        except BadValue as error:
            form.add_error(error.field, str(error))
    context: dict[str, Any] = {
        "form": form,
        "snippet": snippet,
        "uses": uses_of_snippet(snippet) if snippet.pk else [],
        **wording_context(request.organisation),
        "may_manage": may_manage(request),
        "readonly": not may_manage(request),
        "active": "campaigns",
    }
    return render(request, "campaigns/library/snippet.html", context, status=422 if form.errors else 200)


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    snippet = get_object_or_404(request.organisation.snippets, pk=pk)
    response = go(url(request), f"{snippet.name} is deleted.")
    try:
        delete_snippet(snippet)
    except BadValue as error:
        response["HX-Trigger"] = toast_event(str(error), "error")
    return response
