"""The list of campaigns."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from accounts.access import OrgRequest
from campaigns.models import Campaign, CampaignState
from campaigns.stats import stats_of
from campaigns.views.common import may_manage, narrowing
from ecrm.web import page_of, render_page

# What `?state=` says for those that were put away; else they are not shown.
ARCHIVED = "archived"
# What `?sort=` may say → the columns; newest first where it says nothing.
SORTS = {"name": "name", "state": "state", "started": "started_at"}


def order(sort: str) -> list[str]:
    column = SORTS.get(sort.lstrip("-"))
    if column is None:
        return ["-pk"]
    return [f"-{column}" if sort.startswith("-") else column, "-pk"]


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    q, state = narrowing(request, CampaignState.values)
    campaigns = request.organisation.campaigns.order_by(*order(request.GET.get("sort", "")))
    if q:
        campaigns = campaigns.filter(name__icontains=q)
    archived = request.GET.get("state") == ARCHIVED
    campaigns = campaigns.filter(archived_at__isnull=not archived)
    if state:
        campaigns = campaigns.filter(state=state)
    page = page_of(request, campaigns)
    found: list[Campaign] = list(page.object_list)
    numbers = stats_of([campaign.pk for campaign in found])
    context = {
        "page": page,
        "rows": [(campaign, numbers[campaign.pk]) for campaign in found],
        "q": q,
        "state": state,
        "states": CampaignState,
        "archived": archived,
        "narrowed": bool(q or state or archived),
        "may_manage": may_manage(request),
        "active": "campaigns",
    }
    return render_page(request, "campaigns/list.html", context, fragment="campaigns/_table.html")
