"""Whom a campaign reaches, and from whom."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access import OrgRequest
from campaigns.errors import Conflict
from campaigns.forms.audience import AudienceForm
from campaigns.models import Campaign
from campaigns.views.common import campaign_of, url
from campaigns.views.saving import keep, noting, tab_context
from ecrm.web import go


@require_http_methods(["GET", "POST"])
def audience(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    if request.method != "POST":
        return page(request, campaign, AudienceForm.of(campaign))
    form = AudienceForm.of(campaign, request.POST)
    if not form.is_valid():
        return page(request, campaign, form)
    error = keep(request, campaign, form.values(), form.read_version(), noting(form))
    if error:
        return page(request, campaign, form, conflict=error if isinstance(error, Conflict) else None)
    return go(url("campaign-audience", campaign), "Saved.")


def page(
    request: OrgRequest, campaign: Campaign, form: AudienceForm, *, conflict: Conflict | None = None
) -> HttpResponse:
    context = tab_context(request, campaign, "audience") | {
        "form": form,
        "lists": form.list_choices(),
        "senders": form.sender_choices(),
        "conflict": conflict,
    }
    return render(request, "campaigns/audience.html", context, status=422 if form.errors or conflict else 200)
