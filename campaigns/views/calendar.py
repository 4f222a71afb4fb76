"""The calendar of a campaign, and that of all of them."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import OrgRequest
from campaigns.calendar import campaign_calendar, organisation_calendar
from campaigns.views.common import campaign_of, common


def asked(request: HttpRequest) -> date | None:
    """The day of `?from=`; None where it names none."""
    try:
        return date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        return None


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    context = common(request, campaign, "calendar") | {"calendar": campaign_calendar(campaign, asked(request))}
    return render(request, "campaigns/calendar.html", context)


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    calendar = organisation_calendar(request.organisation, asked(request))
    return render(request, "campaigns/calendars.html", {"calendar": calendar, "active": "campaigns"})
