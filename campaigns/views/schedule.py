"""When a campaign sends, and what it counts."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access import OrgRequest
from campaigns.errors import Conflict
from campaigns.forms.schedule import ScheduleForm
from campaigns.models import Campaign
from campaigns.views.common import campaign_of, url
from campaigns.views.saving import keep, noting, tab_context
from ecrm.web import go
from senders.forms import WindowForm


@require_http_methods(["GET", "POST"])
def schedule(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    if request.method != "POST":
        window = WindowForm.for_window(campaign.window)
        window.initial.setdefault("time_zone", campaign.time_zone)
        return page(request, campaign, ScheduleForm.of(campaign), window)
    form, window = ScheduleForm.of(campaign, request.POST), WindowForm(request.POST)
    if not form.is_valid() or not window.is_valid():
        return page(request, campaign, form, window)
    # A zone that makes no sense is let pass by the form while it is hidden.
    values = form.values() | {"window": window.window(), "time_zone": window.cleaned_data.get("time_zone", "")}
    error = keep(request, campaign, values, form.read_version(), noting(form))
    if error:
        return page(request, campaign, form, window, conflict=error if isinstance(error, Conflict) else None)
    return go(url("campaign-schedule", campaign), "Saved.")


def page(
    request: OrgRequest,
    campaign: Campaign,
    form: ScheduleForm,
    window: WindowForm,
    *,
    conflict: Conflict | None = None,
) -> HttpResponse:
    context = tab_context(request, campaign, "schedule") | {"form": form, "window": window, "conflict": conflict}
    wrong = bool(form.errors or window.errors or conflict)
    return render(request, "campaigns/schedule.html", context, status=422 if wrong else 200)
