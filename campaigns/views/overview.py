"""An organisation's home: its last 30 days, what is running, and what a newcomer does next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import OrgRequest
from accounts.models import Organisation
from campaigns.models import Campaign, CampaignState
from campaigns.stats import Stats, stats_of, totals
from campaigns.views.common import may_manage
from campaigns.waiting import waiting
from ecrm.web import render_page

DAYS = 30
MOST_RUNNING = 10
MOST_RECENT = 5


@dataclass(frozen=True)
class Todo:
    """A step on the way to the first campaign."""

    done: bool
    title: str
    text: str
    href: str
    label: str


def todos(organisation: Organisation) -> Iterator[Todo]:
    """What an organisation needs before its first campaign, in order."""

    def to(name: str) -> str:
        return reverse(name, kwargs={"org": organisation.slug})

    yield Todo(
        organisation.senders.exists(),
        "Connect a sender",
        "The mailbox that your campaigns are sent from.",
        to("sender-new"),
        "Add a sender",
    )
    yield Todo(
        organisation.leads.exists(),
        "Import your leads",
        "A CSV file, a workbook or vCards, from whatever tool you keep them in.",
        to("import-new"),
        "Import leads",
    )
    yield Todo(
        bool(organisation.postal_address.strip()),
        "Enter your postal address",
        "It stands in every mail's footer; the law asks for it.",
        to("organisation-settings"),
        "Open settings",
    )
    yield Todo(
        organisation.campaigns.exclude(state=CampaignState.DRAFT).exists(),
        "Start your first campaign",
        "Write it, look at it with a real lead, send yourself a test, then start.",
        to("campaign-new"),
        "Write a campaign",
    )


def with_stats(campaigns: list[Campaign]) -> list[tuple[Campaign, Stats]]:
    numbers = stats_of([campaign.pk for campaign in campaigns])
    return [(campaign, numbers[campaign.pk]) for campaign in campaigns]


def running(organisation: Organisation) -> dict[str, Any]:
    """Campaigns that send, or would but for a pause, with why they send nothing just now."""
    found = organisation.campaigns.filter(state__in=[CampaignState.RUNNING, CampaignState.PAUSED]).order_by("-pk")
    shown = with_stats(list(found[:MOST_RUNNING]))
    why = [waiting(campaign) if campaign.state == CampaignState.RUNNING else [] for campaign, _ in shown]
    return {
        "running": [(campaign, stats, reasons) for (campaign, stats), reasons in zip(shown, why, strict=True)],
        "more": found.count() > MOST_RUNNING,
    }


@require_GET
def overview(request: OrgRequest) -> HttpResponse:
    organisation = request.organisation
    ended = [CampaignState.FINISHED, CampaignState.STOPPED]
    steps = list(todos(organisation))
    context = {
        **running(organisation),
        "totals": totals(organisation, DAYS),
        "recent": with_stats(
            list(organisation.campaigns.filter(state__in=ended).order_by("-finished_at")[:MOST_RECENT])
        ),
        "todos": [] if all(step.done for step in steps) else steps,
        "may_manage": may_manage(request),
        "active": "overview",
    }
    return render_page(request, "campaigns/overview.html", context, fragment="campaigns/_running.html")
