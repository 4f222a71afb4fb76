"""What the pages of campaigns share."""

from collections.abc import Container
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.access import OrgRequest
from accounts.models import Role
from campaigns.errors import CampaignGone
from campaigns.models import AT_REST, Campaign
from ecrm.web import go, toast_event

MOST_TYPED = 200


def campaign_of(request: OrgRequest, pk: int) -> Campaign:
    """The organisation's campaign `pk`; raises Http404."""
    return get_object_or_404(request.organisation.campaigns.select_related("organisation"), pk=pk)


def url(name: str, campaign: Campaign) -> str:
    """The page `name` of a campaign."""
    return reverse(name, kwargs={"org": campaign.organisation.slug, "pk": campaign.pk})


def may_manage(request: OrgRequest) -> bool:
    return request.membership.may(Role.MANAGER)


def common(request: OrgRequest, campaign: Campaign, tab: str) -> dict[str, Any]:
    """What the frame of a page about one campaign needs."""
    return {
        "campaign": campaign,
        "may_manage": may_manage(request),
        "deletable": campaign.state in AT_REST,
        "active": "campaigns",
        "tab": tab,
    }


def narrowing(request: OrgRequest, states: Container[str]) -> tuple[str, str]:
    """What `?q=` searches for, and the state of `?state=`; empty where there is none, or it makes no sense."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    state = request.GET.get("state", "")
    return q, state if state in states else ""


def of_lead(q: str) -> Q:
    """Whose lead has every word of `q` in name or address."""
    condition = Q()
    for word in q.split()[:5]:
        names = Q(lead__first_name__icontains=word) | Q(lead__last_name__icontains=word)
        condition &= names | Q(lead__email__icontains=word)
    return condition


def refused(campaign: Campaign, error: Exception) -> HttpResponse:
    """Back to the campaign, which is not what the page that was pressed on thought: why, and how it is now.

    Raises Http404 where it is not there any more.
    """
    if isinstance(error, CampaignGone):
        raise Http404(str(error)) from error
    response = go(url("campaign", campaign))
    response["HX-Trigger"] = toast_event(str(error), "error")
    return response
