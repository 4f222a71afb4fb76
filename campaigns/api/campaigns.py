"""Campaigns, their statistics and messages over the API (../shared/API.md)."""

from collections.abc import Callable

from django.http import StreamingHttpResponse
from ninja import Router, Status

from accounts.access import OrgRequest
from campaigns import editing, services
from campaigns.api.bodies import CampaignIn, CampaignPatch, values_of
from campaigns.api.shown import Json, at_fault, detail, show_message, summary
from campaigns.errors import BadValue, CampaignError, CampaignGone, NotReady
from campaigns.events import events_response
from campaigns.models import Campaign, CampaignState, Message, MessageState
from campaigns.preflight import preflight
from campaigns.stats import stats
from ecrm.problems import Problem, refuse
from ecrm.rest import Slug, page, row_id

router = Router(tags=["Campaigns"])


def find(request: OrgRequest, campaign_id: str) -> Campaign:
    """The organisation's campaign of that id; a 404 Problem where there is none."""
    found = request.organisation.campaigns.filter(pk=row_id(campaign_id)).first()
    if found is None:
        raise Problem(404, "There is no such campaign.")
    return found


def settle(act: Callable[[], Campaign]) -> Json:
    """The campaign after `act`; its refusals as Problems."""
    try:
        return detail(act())
    except CampaignGone as error:
        raise Problem(404, str(error)) from error
    except BadValue as error:
        raise refuse(error.field, str(error)) from error
    except NotReady as error:
        raise Problem(409, str(error), [at_fault(found) for found in error.findings if found.blocks]) from error
    except CampaignError as error:
        raise Problem(409, str(error)) from error


@router.post("/campaigns", summary="Create a draft", response={201: Json})
def create(request: OrgRequest, org: Slug, body: CampaignIn) -> Status[Json]:
    values = values_of(request, body)
    return Status(201, settle(lambda: editing.create_campaign(request.organisation, request.user, values)))


@router.get("/campaigns", summary="Campaigns, newest first, without their steps")
def index(
    request: OrgRequest, org: Slug, limit: int = 100, cursor: str = "", q: str = "", state: CampaignState | None = None
) -> Json:
    campaigns = request.organisation.campaigns.prefetch_related("senders", *editing.AUDIENCE)
    if q:
        campaigns = campaigns.filter(name__icontains=q[:200].replace("\0", ""))
    if state:
        campaigns = campaigns.filter(state=state)
    return page(campaigns, summary, limit, cursor)


@router.get("/campaigns/{campaign_id}", summary="One campaign")
def read(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    return detail(find(request, campaign_id))


@router.patch("/campaigns/{campaign_id}", summary="Change a campaign; what was sent stays")
def change(request: OrgRequest, org: Slug, campaign_id: str, body: CampaignPatch) -> Json:
    campaign = find(request, campaign_id)
    values = values_of(request, body)
    return settle(lambda: editing.update_campaign(campaign, values, by=request.user, version=body.version))


@router.delete("/campaigns/{campaign_id}", summary="Delete a draft or an ended campaign", response={204: None})
def delete(request: OrgRequest, org: Slug, campaign_id: str) -> Status[None]:
    try:
        services.delete_campaign(find(request, campaign_id))
    except CampaignGone as error:
        raise Problem(404, str(error)) from error
    except CampaignError as error:
        raise Problem(409, str(error)) from error
    return Status(204, None)


@router.post("/campaigns/{campaign_id}/preflight", summary="What stands in the way of a start")
def check(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    findings = preflight(find(request, campaign_id))
    shown = [
        {"level": found.level, "step": found.step, "message": f"{found.message} {found.fix}".strip()}
        for found in findings
    ]
    return {"ok": not any(found.blocks for found in findings), "findings": shown}


@router.post("/campaigns/{campaign_id}/start", summary="Enrol the audience and send")
def start(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: services.start_campaign(campaign, request.user))


@router.post("/campaigns/{campaign_id}/pause", summary="Send nothing more until resumed")
def pause(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: services.pause_campaign(campaign, request.user))


@router.post("/campaigns/{campaign_id}/resume", summary="Go on with a paused campaign")
def resume(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: services.resume_campaign(campaign, request.user))


@router.post("/campaigns/{campaign_id}/stop", summary="End it for good")
def stop(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: services.stop_campaign(campaign, request.user))


@router.get("/campaigns/{campaign_id}/stats", summary="Messages by state, leads by what happened")
def numbers(request: OrgRequest, org: Slug, campaign_id: str) -> dict[str, int]:
    return stats(find(request, campaign_id)).as_dict()


@router.get("/campaigns/{campaign_id}/messages", summary="Each mail and its state, newest first")
def messages(
    request: OrgRequest,
    org: Slug,
    campaign_id: str,
    limit: int = 100,
    cursor: str = "",
    state: MessageState | None = None,
) -> Json:
    found = Message.objects.filter(campaign=find(request, campaign_id)).select_related("lead", "step", "variant")
    if state:
        found = found.filter(state=state)
    return page(found, show_message, limit, cursor)


@router.get("/campaigns/{campaign_id}/events.csv", summary="Every event of the campaign, as CSV")
def events(request: OrgRequest, org: Slug, campaign_id: str) -> StreamingHttpResponse:
    return events_response(find(request, campaign_id), mark=False)
