"""Whom a campaign reaches, and from whom."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access import OrgRequest
from campaigns.audience import Audience, count_audience
from campaigns.errors import Conflict
from campaigns.forms.audience import AudienceForm
from campaigns.models import Campaign
from campaigns.views.common import campaign_of, url
from campaigns.views.saving import keep, noting, tab_context
from ecrm.database import TooSlow, within
from ecrm.web import go
from leads.segments.rules import BadRules

# How long the audience is counted for, in milliseconds.
COUNT_MS = 2000


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


def counted_audience(campaign: Campaign) -> Audience | None:
    """How many it reaches as it is stored; None where that cannot be told, or not soon."""
    try:
        with within(COUNT_MS):
            return count_audience(campaign)
    except (TooSlow, BadRules):
        return None


def page(
    request: OrgRequest, campaign: Campaign, form: AudienceForm, *, conflict: Conflict | None = None
) -> HttpResponse:
    context = tab_context(request, campaign, "audience") | {
        "form": form,
        "choices": form.choices(),
        "senders": form.sender_choices(),
        "counted": counted_audience(campaign),
        "conflict": conflict,
    }
    return render(request, "campaigns/audience.html", context, status=422 if form.errors or conflict else 200)
