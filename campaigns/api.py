"""Campaigns, their statistics and messages over the API (../shared/API.md)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from ninja import Field, Router, Status

from accounts.access import OrgRequest
from campaigns import services
from campaigns.events import events_response
from campaigns.models import Campaign, CampaignState, Message, MessageState
from campaigns.preflight import Finding, preflight
from campaigns.services import BadValue, CampaignError, CampaignGone, NotReady, StepContent, WrongState
from campaigns.stats import stats
from ecrm.problems import Problem, refuse
from ecrm.rest import Body, Slug, page, row_id

router = Router(tags=["Campaigns"])
Row = TypeVar("Row", bound=Model)
Json = dict[str, Any]

MOST_BODY = 500_000  # characters, as campaigns.rendering.templates.MAX_SOURCE
MOST_CHOSEN = 1000


class StepIn(Body):
    subject: str = Field("", max_length=500)
    body_html: str = Field("", max_length=MOST_BODY)
    body_text: str = Field("", max_length=MOST_BODY)
    delay_hours: float = Field(0, ge=0, le=24 * 365)
    variants: list[Any] = Field(default=[], description="Comes with a later release.")


class CampaignIn(Body):
    name: str = Field(min_length=1, max_length=200)
    senders: list[str] = Field(default=[], max_length=MOST_CHOSEN)
    lists: list[str] = Field(default=[], max_length=MOST_CHOSEN)
    steps: list[StepIn]
    track_opens: bool = True
    track_clicks: bool = True
    window: dict[str, Any] | None = None
    time_zone: str = Field("UTC", min_length=1, max_length=64)


class CampaignPatch(Body):
    name: str = Field("", min_length=1, max_length=200)
    senders: list[str] = Field(default=[], max_length=MOST_CHOSEN)
    lists: list[str] = Field(default=[], max_length=MOST_CHOSEN)
    steps: list[StepIn] = []
    track_opens: bool = True
    track_clicks: bool = True
    window: dict[str, Any] | None = None
    time_zone: str = Field("UTC", min_length=1, max_length=64)


def iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def summary(campaign: Campaign) -> Json:
    return {
        "id": str(campaign.pk),
        "name": campaign.name,
        "state": campaign.state,
        "senders": [str(sender.pk) for sender in campaign.senders.all()],
        "lists": [str(chosen.pk) for chosen in campaign.lists.all()],
        "track_opens": campaign.track_opens,
        "track_clicks": campaign.track_clicks,
        "window": campaign.window,
        "time_zone": campaign.time_zone,
        "created_at": iso(campaign.created_at),
        "started_at": iso(campaign.started_at),
        "finished_at": iso(campaign.finished_at),
    }


def detail(campaign: Campaign) -> Json:
    """The campaign with its steps, which a PATCH takes back as they are."""
    steps = [
        {
            "subject": variant.subject,
            "body_html": variant.body_html,
            "body_text": variant.body_text,
            "delay_hours": step.delay_hours,
        }
        for step in campaign.steps.prefetch_related("variants")
        for variant in step.variants.all()[:1]
    ]
    return summary(campaign) | {"steps": steps}


def show_message(message: Message) -> Json:
    return {
        "id": str(message.pk),
        "lead": str(message.lead_id),
        "email": message.lead.email,
        "step": message.step.position,
        "variant": message.variant.name,
        "state": message.state,
        "message_id": message.message_id,
        "sent_at": iso(message.sent_at),
        "error": message.error,
    }


def find(request: OrgRequest, campaign_id: str) -> Campaign:
    """The organisation's campaign of that id; a 404 Problem where there is none."""
    found = request.organisation.campaigns.filter(pk=row_id(campaign_id)).first()
    if found is None:
        raise Problem(404, "There is no such campaign.")
    return found


def chosen(rows: QuerySet[Row], ids: Iterable[str], field: str) -> list[Row]:
    """The rows of these ids, all of them; a 422 Problem naming the field where one is not the organisation's."""
    found = {str(pk): row for pk, row in rows.in_bulk([row_id(text) for text in ids]).items()}
    if missing := [text for text in ids if text not in found]:
        raise refuse(field, f"There is no {field[:-1]} {missing[0][:40]} in this organisation.")
    return list(found.values())


def values_of(request: OrgRequest, body: CampaignIn | CampaignPatch) -> Json:
    """What was sent, as `services` takes it; a 422 Problem for what cannot be."""
    values = body.model_dump(exclude_unset=isinstance(body, CampaignPatch), exclude={"steps"})
    if "senders" in values:
        values["senders"] = chosen(request.organisation.senders.all(), values["senders"], "senders")
    if "lists" in values:
        values["lists"] = chosen(request.organisation.lists.all(), values["lists"], "lists")
    if "steps" in body.model_fields_set:
        if len(body.steps) != 1:
            raise refuse("steps", "Send exactly one step; sequences of several come with a later release.")
        if any(step.variants for step in body.steps):
            raise refuse("steps.0.variants", "Variants come with a later release; leave them out.")
        values["steps"] = [StepContent(**step.model_dump(exclude={"variants"})) for step in body.steps]
    return values


def at_fault(found: Finding) -> dict[str, str]:
    field = f"steps.{found.step - 1}.{found.field}" if found.step else found.field
    return {"field": field, "message": found.message}


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
    except WrongState as error:
        raise Problem(409, str(error)) from error


@router.post("/campaigns", summary="Create a draft", response={201: Json})
def create(request: OrgRequest, org: Slug, body: CampaignIn) -> Status[Json]:
    values = values_of(request, body)
    return Status(201, settle(lambda: services.create_campaign(request.organisation, request.user, values)))


@router.get("/campaigns", summary="Campaigns, newest first, without their steps")
def index(
    request: OrgRequest, org: Slug, limit: int = 100, cursor: str = "", q: str = "", state: CampaignState | None = None
) -> Json:
    campaigns = request.organisation.campaigns.prefetch_related("senders", "lists")
    if q:
        campaigns = campaigns.filter(name__icontains=q[:200].replace("\0", ""))
    if state:
        campaigns = campaigns.filter(state=state)
    return page(campaigns, summary, limit, cursor)


@router.get("/campaigns/{campaign_id}", summary="One campaign")
def read(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    return detail(find(request, campaign_id))


@router.patch("/campaigns/{campaign_id}", summary="Change a draft")
def change(request: OrgRequest, org: Slug, campaign_id: str, body: CampaignPatch) -> Json:
    campaign = find(request, campaign_id)
    values = values_of(request, body)
    return settle(lambda: services.update_campaign(campaign, values))


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
    return settle(lambda: services.pause_campaign(campaign))


@router.post("/campaigns/{campaign_id}/resume", summary="Go on with a paused campaign")
def resume(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: services.resume_campaign(campaign))


@router.post("/campaigns/{campaign_id}/stop", summary="End it for good")
def stop(request: OrgRequest, org: Slug, campaign_id: str) -> Json:
    campaign = find(request, campaign_id)
    return settle(lambda: services.stop_campaign(campaign))


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
