"""Moves of a campaign besides start, pause, resume and stop."""

from datetime import datetime

from ninja import Router, Status

from accounts.access import OrgRequest
from campaigns.api.campaigns import find, settle
from campaigns.api.shown import Json, detail
from campaigns.editing import clone_campaign
from campaigns.models import Activity
from campaigns.scheduling import archive_campaign, schedule_campaign, unarchive_campaign, unschedule_campaign
from ecrm.problems import refuse
from ecrm.rest import Body, Slug, iso, page

router = Router(tags=["Campaigns"])


class ScheduleIn(Body):
    start_at: datetime


@router.post("/campaigns/{campaign_id}/schedule", summary="Let a draft start by itself at a time")
def schedule(request: OrgRequest, org: Slug, campaign_id: str, body: ScheduleIn) -> Json:
    campaign = find(request, campaign_id)
    if body.start_at.tzinfo is None:
        raise refuse("start_at", "A time needs its zone, as in 2026-11-25T09:00:00Z.")
    return settle(lambda: schedule_campaign(campaign, body.start_at, request.user))


@router.post("/campaigns/{campaign_id}/unschedule", summary="Make a scheduled campaign a draft again")
def unschedule(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: unschedule_campaign(campaign, request.user))


@router.post("/campaigns/{campaign_id}/archive", summary="Put it out of the way")
def archive(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: archive_campaign(campaign, request.user))


@router.post("/campaigns/{campaign_id}/unarchive", summary="Bring it back")
def unarchive(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: unarchive_campaign(campaign, request.user))


@router.post("/campaigns/{campaign_id}/clone", summary="A draft like it", response={201: Json})
def clone(request: OrgRequest, org: Slug, campaign_id: str) -> Status[Json]:
    return Status(201, detail(clone_campaign(find(request, campaign_id), request.user)))


def show(entry: Activity) -> Json:
    return {
        "id": str(entry.pk),
        "at": iso(entry.at),
        "kind": entry.kind,
        "text": entry.text,
        "by": entry.user.name if entry.user else None,
        "automatic": entry.automatic,
        "lead": str(entry.lead_id) if entry.lead_id else None,
    }


@router.get("/campaigns/{campaign_id}/activity", summary="Who did what, and what was decided, newest first")
def activity(request: OrgRequest, org: Slug, campaign_id: str, limit: int = 100, cursor: str = "") -> Json:
    return page(find(request, campaign_id).activities.select_related("user"), show, limit, cursor)
