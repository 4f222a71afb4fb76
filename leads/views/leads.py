from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.web import go, render_page
from leads.addresses import BadAddress
from leads.fields import defined_fields, known_fields
from leads.forms import LeadForm, Pair, typed_pairs
from leads.lists import add_to_list
from leads.models import Lead, LeadList, SuppressionReason
from leads.notes import MOST_NOTES
from leads.segments.membership import segments_of
from leads.services import MAX_CUSTOM_FIELDS, DuplicateLead, LeadGone, erase_leads, save_lead
from leads.suppression import REVERSIBLE, KeptSuppression, suppress_lead, suppression_of, unsuppress_lead
from leads.timeline import MOST_ENTRIES, PAGE, places, timeline
from leads.views.table import list_of, may_change, refuse_viewers, search_of, show_table

LISTS_SHOWN = 50


def found_lead(request: OrgRequest, pk: int) -> Lead:
    """The organisation's lead; raises Http404."""
    lead = Lead.objects.select_related("organisation").filter(organisation=request.organisation, pk=pk).first()
    if lead is None:
        raise Http404("There is no such lead.")
    return lead


def lead_url(lead: Lead) -> str:
    return reverse("lead", kwargs={"org": lead.organisation.slug, "pk": lead.pk})


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    return show_table(request, search_of(request, request.GET))


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    lead = found_lead(request, pk)
    context = history(request, lead) | known_of(lead) | {"may_change": may_change(request), "active": "leads"}
    return render_page(request, "leads/show.html", context, fragment="leads/_timeline.html")


def known_of(lead: Lead) -> dict[str, Any]:
    """Everything but its past."""
    entry = suppression_of(lead)
    return {
        "lists": lead.lists.order_by("name")[:LISTS_SHOWN],
        "segments": segments_of(lead),
        "places": places(lead),
        "notes": lead.notes.select_related("author")[:MOST_NOTES],
        "suppression": entry,
        "reversible": entry is not None and not entry.domain and entry.reason in REVERSIBLE,
    }


def history(request: OrgRequest, lead: Lead) -> dict[str, Any]:
    """Its past, of the kind and up to the length that the address asks for."""
    entries = timeline(lead)
    kinds = sorted({entry.kind for entry in entries if entry.kind})
    kind = request.GET.get("kind", "")
    chosen = [entry for entry in entries if not kind or entry.kind == kind]
    shown = int(length) if (length := request.GET.get("shown", "")).isdecimal() and len(length) < 6 else PAGE
    more = len(chosen) > shown
    context = {"timeline": chosen[:shown], "more": shown + PAGE if more else 0, "kinds": kinds, "kind": kind}
    return context | {"lead": lead, "cut_off": len(entries) == MOST_ENTRIES and not more}


@require_http_methods(["GET", "POST"])
def new(request: OrgRequest) -> HttpResponse:
    """A form for a new lead, straight onto the list that `?list=` names."""
    refuse_viewers(request)
    target = list_of(request, request.GET.get("list", ""))
    if asks_for_pairs(request):
        return show_pairs(request)
    form = LeadForm(request.POST if request.method == "POST" else None, defined=defined_fields(request.organisation))
    if form.is_valid() and (lead := saved(form, Lead(organisation=request.organisation))):
        if target:
            add_to_list(target, [lead])
        return go(lead_url(lead), f"{lead} is added{f' to {target}' if target else ''}.")
    return show_form(request, form, None, target)


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int) -> HttpResponse:
    refuse_viewers(request)
    lead = found_lead(request, pk)
    if asks_for_pairs(request):
        return show_pairs(request)
    form = LeadForm(request.POST if request.method == "POST" else None, lead, defined_fields(request.organisation))
    if form.is_valid() and saved(form, found_lead(request, pk)):
        return go(lead_url(lead), "Saved.")
    return show_form(request, form, lead)


def saved(form: LeadForm, lead: Lead) -> Lead | None:
    """The lead with what was typed; None, and the reason at its field, where it cannot be. Raises Http404."""
    try:
        return save_lead(lead, form.cleaned_data)
    except LeadGone as error:
        raise Http404(str(error)) from error
    except DuplicateLead as error:
        form.add_error("email", duplicate(error))
    except BadAddress as error:
        form.add_error("email", str(error))
    return None


def duplicate(error: DuplicateLead) -> ValidationError:
    """What the form says of an address that another lead has, with the way there."""
    if error.lead is None:
        return ValidationError(str(error))
    return ValidationError(format_html('{} <a href="{}">Show it</a>', str(error), lead_url(error.lead)))


def show_form(request: OrgRequest, form: LeadForm, lead: Lead | None, target: LeadList | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "lead": lead,
        "target": target,
        "pairs": form.pairs,
        "full": len(form.pairs) >= MAX_CUSTOM_FIELDS,
        "known_fields": known_fields(request.organisation),
        "active": "leads",
    }
    return render(request, "leads/form.html", context, status=422 if form.errors else 200)


def asks_for_pairs(request: OrgRequest) -> bool:
    """Whether the form wants one custom field more (`more`) or less (`drop`); nothing is saved yet."""
    return request.method == "POST" and bool({"more", "drop"} & set(request.POST))


def show_pairs(request: OrgRequest) -> HttpResponse:
    """The form's custom fields as they are typed, with one more or one less."""
    pairs = typed_pairs(request.POST, defined_fields(request.organisation))
    dropped = request.POST.get("drop", "")
    if dropped:
        pairs = [pair for number, pair in enumerate(pairs) if str(number) != dropped]
    elif len(pairs) < MAX_CUSTOM_FIELDS:
        pairs.append(Pair())
    context = {"pairs": pairs, "full": len(pairs) >= MAX_CUSTOM_FIELDS, "added": "more" in request.POST}
    return render(request, "leads/_pairs.html", context | {"dropped": bool(dropped)})


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    lead = found_lead(request, pk)
    erase_leads(Lead.objects.filter(pk=lead.pk))
    return go(reverse("leads", kwargs={"org": request.organisation.slug}), "The lead is erased.")


@require_POST
def stop_mail(request: OrgRequest, pk: int) -> HttpResponse:
    lead = found_lead(request, pk)
    suppress_lead(lead, SuppressionReason.MANUAL, f"by {request.user.name}", by=request.user)
    return go(lead_url(lead), f"{lead} is not mailed any more.")


@require_POST
def allow_mail(request: OrgRequest, pk: int) -> HttpResponse:
    lead = found_lead(request, pk)
    try:
        unsuppress_lead(lead)
    except KeptSuppression as error:
        return go(lead_url(lead), str(error))
    return go(lead_url(lead), f"{lead} may be mailed again.")
