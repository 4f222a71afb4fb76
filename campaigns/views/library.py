"""The pages of snippets and of templates: found, written, deleted. `kind` is which of the two."""

from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from campaigns import library
from campaigns.errors import BadValue
from campaigns.forms.library import SnippetForm, TemplateForm
from campaigns.models import MailTemplate, Snippet
from campaigns.views.common import MOST_TYPED, may_manage
from campaigns.views.saving import noting
from campaigns.views.wording import merge_fields
from ecrm.web import go, page_of, render_page, toast_event
from leads.views.table import refuse_viewers


@dataclass(frozen=True)
class Kind:
    """One of the two: its table, its form, what it is called, and what it is for."""

    model: type[Snippet] | type[MailTemplate]
    form: type[SnippetForm] | type[TemplateForm]
    plural: str
    noun: str
    about: str


KINDS = {
    "snippets": Kind(
        Snippet,
        SnippetForm,
        "Snippets",
        "snippet",
        "A snippet is a piece of wording that many mails share, like a signature: write it once, insert it by its name. "
        "What you change in it changes in every mail that is still to come.",
    ),
    "templates": Kind(
        MailTemplate,
        TemplateForm,
        "Templates",
        "template",
        "A template is a whole mail to begin with: choose it beside a step's wording. It is copied, so that later changes "
        "to it change no campaign.",
    ),
}


def address(request: OrgRequest, kind: str, pk: int | None = None) -> str:
    """The page of all, or of one."""
    org = {"org": request.organisation.slug}
    return reverse(f"{kind}-one", kwargs=org | {"pk": pk}) if pk else reverse(kind, kwargs=org)


def row_of(request: OrgRequest, kind: str, pk: int) -> Snippet | MailTemplate:
    """The organisation's own; raises Http404."""
    if kind == "snippets":
        return get_object_or_404(Snippet, organisation=request.organisation, pk=pk)
    return get_object_or_404(MailTemplate, organisation=request.organisation, pk=pk)


def context_of(request: OrgRequest, kind: str) -> dict[str, Any]:
    return {"kind": KINDS[kind], "slug": kind, "may_manage": may_manage(request), "active": "campaigns"} | {
        "all": address(request, kind),
        "add": reverse(f"{kind}-new", kwargs={"org": request.organisation.slug}),
    }


@require_GET
def index(request: OrgRequest, kind: str) -> HttpResponse:
    q = request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    rows = KINDS[kind].model.objects.filter(organisation=request.organisation, name__icontains=q).order_by("name")
    page = page_of(request, rows)
    context = context_of(request, kind) | {"page": page, "q": q}
    context["rows"] = [(row, address(request, kind, row.pk)) for row in page.object_list]
    return render_page(request, "campaigns/library.html", context, fragment="campaigns/_library.html")


@require_http_methods(["GET", "POST"])
def new(request: OrgRequest, kind: str) -> HttpResponse:
    refuse_viewers(request)
    row = KINDS[kind].model(organisation=request.organisation)
    if request.method == "POST":
        return save(request, kind, row)
    return page_for(request, kind, row, KINDS[kind].form(request.organisation))


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, kind: str, pk: int) -> HttpResponse:
    row = row_of(request, kind, pk)
    if request.method == "POST":
        return save(request, kind, row)
    shown = {name: getattr(row, name) for name in KINDS[kind].form.base_fields}
    return page_for(request, kind, row, KINDS[kind].form(request.organisation, initial=shown))


def page_for(request: OrgRequest, kind: str, row: Snippet | MailTemplate, form: Form) -> HttpResponse:
    context = context_of(request, kind) | {"form": form, "row": row}
    context["merge_fields"] = merge_fields(request.organisation)
    context["snippets"] = library.snippet_names(request.organisation) if kind == "templates" else []
    if row.pk:
        context["used"] = library.users_of(row)[:20] if isinstance(row, Snippet) else []
        context["remove"] = reverse(f"{kind}-delete", kwargs={"org": request.organisation.slug, "pk": row.pk})
    return render(request, "campaigns/library_form.html", context, status=422 if form.errors else 200)


def save(request: OrgRequest, kind: str, row: Snippet | MailTemplate) -> HttpResponse:
    form = KINDS[kind].form(request.organisation, request.POST)
    if not form.is_valid():
        return page_for(request, kind, row, form)
    try:
        library.save(row, form.cleaned_data, request.user)
    except BadValue as error:
        noting(form)(error.field, str(error))
        return page_for(request, kind, row, form)
    return go(address(request, kind), f"Saved the {KINDS[kind].noun} “{row.name}”.")


@require_POST
def delete(request: OrgRequest, kind: str, pk: int) -> HttpResponse:
    row = row_of(request, kind, pk)
    try:
        library.delete(row)
    except BadValue as error:
        response = go(address(request, kind, pk))
        response["HX-Trigger"] = toast_event(str(error), "error")
        return response
    return go(address(request, kind), f"Deleted the {KINDS[kind].noun} “{row.name}”.")
