"""Whole mails that variants begin with."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from campaigns.errors import BadValue
from campaigns.files.keeping import files_of
from campaigns.forms.library import TemplateForm
from campaigns.forms.wording import WordingForm
from campaigns.library import free_name, save_template
from campaigns.models import MailTemplate
from campaigns.views.common import MOST_TYPED, may_manage
from campaigns.views.wording import wording_context
from ecrm.web import go, page_of, toast_event
from leads.views.table import refuse_viewers

# How many are offered in the editor, by name.
MOST_CHOICES = 200


def url(request: OrgRequest) -> str:
    return reverse("mail-templates", kwargs={"org": request.organisation.slug})


def template_of(request: OrgRequest, pk: int) -> MailTemplate:
    """The organisation's template `pk`; raises Http404."""
    return get_object_or_404(request.organisation.mail_templates.select_related("organisation"), pk=pk)


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    q = request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    templates = request.organisation.mail_templates.order_by("name")
    context = {
        "page": page_of(request, templates.filter(name__icontains=q) if q else templates),
        "q": q,
        "may_manage": may_manage(request),
        "active": "campaigns",
        "part": "templates",
    }
    return render(request, "campaigns/library/templates.html", context)


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int | None = None) -> HttpResponse:
    """One template, or a new one."""
    if pk is None:
        refuse_viewers(request)
    template = template_of(request, pk) if pk else MailTemplate(organisation=request.organisation)
    posted = request.method == "POST"
    form = TemplateForm(request.POST if posted else None, initial=TemplateForm.values_of(template))
    if posted and form.is_valid():
        try:
            save_template(template, **form.cleaned_data)
            return go(url(request), f"Saved {template.name}.")
        except BadValue as error:
            form.add_error(None if error.field == "files" else error.field, str(error))
    form.attached = files_of(request.organisation, form.file_ids())
    context: dict[str, Any] = {
        "form": form,
        "template": template,
        **wording_context(request.organisation),
        "may_manage": may_manage(request),
        "readonly": not may_manage(request),
        "active": "campaigns",
    }
    return render(request, "campaigns/library/template.html", context, status=422 if form.errors else 200)


@require_POST
def keep(request: OrgRequest) -> HttpResponse:
    """Keep a wording of the editor as a template; `?from=` is the prefix of its fields."""
    form = WordingForm(request.POST, prefix=request.GET.get("from", ""))
    template = MailTemplate(organisation=request.organisation)
    response = HttpResponse(status=204)
    try:
        if not form.is_valid():
            raise BadValue("name", "Mend what is wrong with this mail first.")
        save_template(template, free_name(request.organisation, form.cleaned_data["subject"]), **form.cleaned_data)
        response["HX-Trigger"] = toast_event(f"Kept as the template “{template.name}”.")
    except BadValue as error:
        response["HX-Trigger"] = toast_event(f"Not kept: {error}", "error")
    return response


@require_GET
def choose(request: OrgRequest) -> HttpResponse:
    """The templates, to choose from in the editor."""
    templates = request.organisation.mail_templates.order_by("name")[:MOST_CHOICES]
    return render(request, "campaigns/_templates_choice.html", {"templates": templates})


@require_GET
def use(request: OrgRequest, pk: int) -> JsonResponse:
    """What the editor fills a wording with."""
    template = template_of(request, pk)
    files = files_of(request.organisation, template.files)
    return JsonResponse(
        {
            "subject": template.subject,
            "body_html": template.body_html,
            "body_text": template.body_text,
            "files": [render_to_string("campaigns/_file.html", {"file": file}, request) for file in files],
        }
    )


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    template = template_of(request, pk)
    template.delete()
    return go(url(request), f"{template.name} is deleted.")
