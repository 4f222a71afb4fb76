"""What moves a campaign: each a POST, confirmed before, with a word about what happened after."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import OrgRequest
from accounts.models import User
from campaigns import services
from campaigns.editing import clone_campaign
from campaigns.errors import BadValue, CampaignError, NotReady
from campaigns.models import Campaign, Message, MessageState
from campaigns.retry import copy_for_failed
from campaigns.scheduling import archive_campaign, schedule_campaign, unarchive_campaign, unschedule_campaign
from campaigns.variants import choose_by_hand
from campaigns.views.common import campaign_of, refused, url
from campaigns.views.previewing import key
from campaigns.views.showing import preflight_context
from ecrm.text import counted
from ecrm.web import go

# How many unknown messages one press of a button decides about.
MOST_DECIDED = 10_000


def moved(request: OrgRequest, pk: int, act: Callable[[Campaign, User], object], said: str) -> HttpResponse:
    """Do `act`, and go to the campaign's page with `said`, or with why it could not be done."""
    campaign = campaign_of(request, pk)
    try:
        act(campaign, request.user)
    except CampaignError as error:
        return refused(campaign, error)
    return go(url("campaign", campaign), said)


@require_POST
def start(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    try:
        services.start_campaign(campaign, request.user)
    except NotReady:
        context = preflight_context(request, campaign) | {"refused": True}
        return render(request, "campaigns/draft.html", context, status=422)
    except CampaignError as error:
        return refused(campaign, error)
    return go(url("campaign", campaign), "Started. The first mails go out now.")


@require_POST
def pause(request: OrgRequest, pk: int) -> HttpResponse:
    return moved(request, pk, services.pause_campaign, "Paused. Nothing more goes out until you resume it.")


@require_POST
def resume(request: OrgRequest, pk: int) -> HttpResponse:
    return moved(request, pk, services.resume_campaign, "Resumed.")


@require_POST
def stop(request: OrgRequest, pk: int) -> HttpResponse:
    return moved(request, pk, services.stop_campaign, "Stopped. What had not gone out is skipped.")


@require_POST
def schedule(request: OrgRequest, pk: int) -> HttpResponse:
    """Start it at `start_at`, a local time like 2026-12-01T09:00 in the campaign's time zone."""
    campaign = campaign_of(request, pk)
    try:
        at = datetime.fromisoformat(request.POST.get("start_at", "")).replace(tzinfo=ZoneInfo(campaign.time_zone))
    except ValueError:
        return refused(campaign, BadValue("start_at", "Choose a day and a time for the start."))
    try:
        schedule_campaign(campaign, at, request.user)
    except NotReady:
        context = preflight_context(request, campaign) | {"refused": True}
        return render(request, "campaigns/draft.html", context, status=422)
    except CampaignError as error:
        return refused(campaign, error)
    return go(url("campaign", campaign), "Scheduled. It is checked once more when it starts.")


@require_POST
def unschedule(request: OrgRequest, pk: int) -> HttpResponse:
    return moved(request, pk, unschedule_campaign, "It is a draft again, and does not start by itself.")


@require_POST
def archive(request: OrgRequest, pk: int) -> HttpResponse:
    return moved(request, pk, archive_campaign, "Archived. You find it in the list under “Archived”.")


@require_POST
def unarchive(request: OrgRequest, pk: int) -> HttpResponse:
    return moved(request, pk, unarchive_campaign, "It is back in the list.")


@require_POST
def winner(request: OrgRequest, pk: int, step: int) -> HttpResponse:
    """Let a step go on with `variant` alone; with none, with all of them again."""
    campaign = campaign_of(request, pk)
    found = get_object_or_404(campaign.steps, pk=step)
    wanted = key(request.POST.get("variant", ""))
    variant = get_object_or_404(found.variants, pk=wanted) if wanted else None
    choose_by_hand(found, variant, request.user)
    said = f"From now on everyone gets {variant.name}." if variant else "All variants are sent again."
    return go(url("campaign", campaign), said)


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    name = campaign.name
    try:
        services.delete_campaign(campaign)
    except CampaignError as error:
        return refused(campaign, error)
    return go(reverse("campaigns", kwargs={"org": request.organisation.slug}), f"{name} was deleted.")


@require_POST
def clone(request: OrgRequest, pk: int) -> HttpResponse:
    copy = clone_campaign(campaign_of(request, pk), request.user)
    return go(url("campaign-edit", copy), "Copied. This is the copy.")


@require_POST
def retry(request: OrgRequest, pk: int) -> HttpResponse:
    """A draft like it for the leads whose mail failed."""
    campaign = campaign_of(request, pk)
    try:
        copy = copy_for_failed(campaign, request.user)
    except CampaignError as error:
        return refused(campaign, error)
    return go(
        url("campaign-edit", copy), "This is a draft for the leads that failed. Mend what was wrong, then start it."
    )


@require_POST
def decide(request: OrgRequest, pk: int) -> HttpResponse:
    """What is to become of unknown messages: `decision=resend` or anything else to leave them be; `message` names
    them, `all` means every one."""
    campaign = campaign_of(request, pk)
    unknown = Message.objects.filter(campaign=campaign, state=MessageState.UNKNOWN).order_by("pk")
    if "all" not in request.POST:
        unknown = unknown.filter(pk__in=filter(None, map(key, request.POST.getlist("message"))))
    chosen = list(unknown.values_list("pk", flat=True)[:MOST_DECIDED])
    if not chosen:
        return refused_choice(campaign)
    resend = request.POST.get("decision") == "resend"
    try:
        count = services.decide_unknown(campaign, chosen, resend=resend)
    except CampaignError as error:
        return refused(campaign, error)
    mails = counted(count, "mail")
    said = f"{mails} will be sent again." if resend else f"{mails} marked as failed."
    return go(url("campaign-messages", campaign), said)


def refused_choice(campaign: Campaign) -> HttpResponse:
    return go(f"{url('campaign-messages', campaign)}?state=unknown", "Tick the mails that you mean first.")
