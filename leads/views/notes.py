"""Notes on a lead's page."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.web import go
from leads.models import Lead, Note
from leads.notes import BadNote, add_note, change_note
from leads.views.leads import found_lead, lead_url
from leads.views.table import refuse_viewers


def found_note(request: OrgRequest, lead: Lead, note_id: int) -> Note:
    """Raises Http404."""
    note = lead.notes.filter(organisation=request.organisation, pk=note_id).first()
    if note is None:
        raise Http404("There is no such note.")
    return note


@require_POST
def add(request: OrgRequest, pk: int) -> HttpResponse:
    lead = found_lead(request, pk)
    typed = request.POST.get("text", "")
    try:
        add_note(lead, typed, request.user)
    except BadNote as error:
        return show_form(request, lead, None, typed, str(error))
    return go(lead_url(lead), "The note is kept.")


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int, note_id: int) -> HttpResponse:
    refuse_viewers(request)
    lead = found_lead(request, pk)
    note = found_note(request, lead, note_id)
    if request.method == "GET":
        return show_form(request, lead, note, note.text)
    typed = request.POST.get("text", "")
    try:
        change_note(note, typed)
    except BadNote as error:
        return show_form(request, lead, note, typed, str(error))
    return go(lead_url(lead), "The note is changed.")


@require_POST
def delete(request: OrgRequest, pk: int, note_id: int) -> HttpResponse:
    lead = found_lead(request, pk)
    found_note(request, lead, note_id).delete()
    return go(lead_url(lead), "The note is deleted.")


def show_form(request: OrgRequest, lead: Lead, note: Note | None, typed: str, error: str = "") -> HttpResponse:
    """A page of its own, with what was typed."""
    context = {"lead": lead, "note": note, "typed": typed, "error": error, "active": "leads"}
    return render(request, "leads/note.html", context, status=422 if error else 200)
