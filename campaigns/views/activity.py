"""The campaign's log: who did what, and what eCRM decided by itself, each with its reason."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from accounts.access import OrgRequest
from campaigns.models import Activity
from campaigns.views.common import campaign_of, common
from ecrm.web import page_of, render_page


@require_GET
def index(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    entries = Activity.objects.filter(campaign=campaign).order_by("-pk")
    kinds = sorted(entries.order_by().values_list("kind", flat=True).distinct())
    kind = request.GET.get("kind", "")
    if kind in kinds:
        entries = entries.filter(kind=kind)
    context = common(request, campaign, "activity") | {
        "page": page_of(request, entries.select_related("user", "lead")),
        "kinds": [(name, name.replace("_", " ").capitalize()) for name in kinds],
        "kind": kind,
    }
    return render_page(request, "campaigns/activity.html", context, fragment="campaigns/_activity.html")
