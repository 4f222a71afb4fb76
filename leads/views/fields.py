"""Custom fields: what each holds, renaming, deleting."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.web import go
from leads.bulk.flow import begin, outcome
from leads.bulk.meant import Meant
from leads.counting import THOROUGH, Count, count_leads
from leads.fields import DuplicateField, FieldError, fits, known_fields, rename_field, save_field
from leads.forms import FieldForm
from leads.lists import clean_text
from leads.models import BulkAction, BulkState, CustomField, FieldKind, Lead
from leads.search import Search
from leads.views.running import bulk_url
from leads.views.table import may_change, refuse_viewers


def fields_url(request: OrgRequest) -> str:
    return reverse("fields", kwargs={"org": request.organisation.slug})


def named_field(request: OrgRequest, name: str) -> CustomField:
    """The organisation's field of that name, with or without a definition; raises Http404."""
    for known in known_fields(request.organisation):
        if known.name == name:
            return known
    raise Http404("There is no such field.")


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    context = {"fields": known_fields(request.organisation), "may_change": may_change(request), "active": "leads"}
    return render(request, "leads/fields.html", context)


@require_http_methods(["GET", "POST"])
def define(request: OrgRequest) -> HttpResponse:
    """Say what a field holds: the one that `?name=` names, or a new one."""
    refuse_viewers(request)
    name = request.GET.get("name", "")
    known = named_field(request, name) if name else CustomField(organisation=request.organisation)
    form = FieldForm(request.POST if request.method == "POST" else None, known=known)
    misfits = None
    if form.is_valid():
        wanted = form.wanted(known)
        misfits = misfitting(wanted)
        if not misfits or request.POST.get("sure"):
            return saved(request, form, wanted) or show_form(request, form, known)
    return show_form(request, form, known, misfits)


def misfitting(wanted: CustomField) -> Count:
    """How many leads have a value that the field would not hold."""
    leads = Lead.objects.filter(organisation=wanted.organisation, fields__has_key=wanted.name)
    condition = fits(wanted)
    return count_leads(leads.exclude(condition), THOROUGH) if condition else Count(0)


def saved(request: OrgRequest, form: FieldForm, wanted: CustomField) -> HttpResponse | None:
    """Where it goes on; None, with the reason at its place, where it cannot be saved."""
    try:
        save_field(wanted, FieldKind(wanted.kind), wanted.choices)
    except DuplicateField as error:
        form.add_error("name", str(error))
    except FieldError as error:
        form.add_error(None, str(error))
    else:
        return go(fields_url(request), f"The field {wanted.name} is saved.")
    return None


def show_form(request: OrgRequest, form: FieldForm, known: CustomField, misfits: Count | None = None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "known": known, "misfits": misfits, "active": "leads"}
    return render(request, "leads/field_form.html", context, status=422 if form.errors or misfits else 200)


@require_http_methods(["GET", "POST"])
def rename(request: OrgRequest) -> HttpResponse:
    refuse_viewers(request)
    known = named_field(request, request.GET.get("name", ""))
    name, error = known.name, ""
    if request.method == "POST":
        name = clean_text(request.POST.get("name", ""), 100)
        try:
            rename_field(known, name)
            bulk = BulkAction(action="rename_field", value=request.GET["name"], new_value=name)
            return begin_with_field(request, bulk)
        except FieldError as problem:
            error = str(problem)
    context = {"known": known, "name": name, "error": error, "active": "leads"}
    return render(request, "leads/field_rename.html", context, status=422 if error else 200)


@require_POST
def delete(request: OrgRequest) -> HttpResponse:
    """The definition and the values of all leads."""
    name = request.POST.get("name", "")
    known = named_field(request, name)
    if known.pk:
        known.delete()
    return begin_with_field(request, BulkAction(action="drop_field", value=name))


def begin_with_field(request: OrgRequest, bulk: BulkAction) -> HttpResponse:
    """Do it with everyone who has a value there."""
    bulk.created_by, bulk.back = request.user, fields_url(request)
    begun = begin(bulk, Meant(request.organisation, Search(field=bulk.value)))
    return go(fields_url(request), outcome(begun)) if begun.state == BulkState.DONE else go(bulk_url(begun))
