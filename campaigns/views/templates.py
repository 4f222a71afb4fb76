"""Templates beside a wording in the sequence editor: begin from one, keep the wording as one."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.access import OrgRequest
from campaigns import library
from campaigns.errors import BadValue
from campaigns.forms import typed
from campaigns.forms.templates import begun, place_of, template_form
from campaigns.models import MailTemplate
from campaigns.views.common import campaign_of
from campaigns.views.editing import form_of, sequence_context
from campaigns.views.saving import noting
from ecrm.web import toast_event


@require_POST
def begin(request: OrgRequest, pk: int) -> HttpResponse:
    """The steps with a template in the place of what the variant `begin` said; nothing is stored."""
    campaign = campaign_of(request, pk)
    steps = begun(request.organisation, typed.read(request.POST), request.POST)
    form = form_of(campaign, steps, request.POST)
    return render(request, "campaigns/_sequence.html", sequence_context(request, campaign, form))


@require_POST
def keep(request: OrgRequest, pk: int) -> HttpResponse:
    """Make a template of what the variant `keep` says; raises Http404."""
    campaign = campaign_of(request, pk)
    steps = typed.read(request.POST)
    place = place_of(steps, request.POST.get("keep", ""))
    if place is None:
        raise Http404("There is no such wording.")
    prefix = typed.prefix_of(*place)
    name = request.POST.get(f"{prefix}-template_name", "")
    form = template_form(request.organisation, steps, place, name)
    if form.is_valid():
        try:
            library.save(MailTemplate(organisation=request.organisation), form.cleaned_data, request.user)
        except BadValue as error:
            noting(form)(error.field, str(error))
    context = {"campaign": campaign, "prefix": prefix, "at": request.POST["keep"], "name": name, "errors": form.errors}
    response = render(request, "campaigns/_keep.html", context, status=422 if form.errors else 200)
    if not form.errors:
        response["HX-Trigger"] = toast_event(f"Saved the template “{form.cleaned_data['name']}”.")
    return response
