"""Leads over the API (../shared/API.md)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Field, Query, Router, Schema, Status

from accounts.access import OrgRequest
from ecrm.problems import Problem, refuse
from ecrm.rest import Body, Slug, iso, page, row_id
from leads import services
from leads.addresses import BadAddress
from leads.models import Lead, LeadList, SuppressionReason
from leads.search import matching, read_search, with_suppression
from leads.segments.rules import BadRules
from leads.services import DuplicateLead, ErasedAddress, LeadGone
from leads.suppression import KeptSuppression, suppress_lead, unsuppress_lead

router = Router(tags=["Leads"])
Json = dict[str, Any]

Tag = Annotated[str, Field(max_length=services.LONGEST_TAG)]
FieldName = Annotated[str, Field(min_length=1, max_length=services.LONGEST_FIELD_NAME)]
FieldValue = Annotated[str, Field(max_length=services.LONGEST_FIELD)] | bool | int | float | None
Fields = Annotated[dict[FieldName, FieldValue], Field(max_length=services.MAX_CUSTOM_FIELDS)]
Tags = Annotated[list[Tag], Field(max_length=services.MAX_TAGS)]


class LeadPatch(Body):
    """What is left out stays. A custom field is set by its name, and taken away by null."""

    email: str = Field("", max_length=320)
    first_name: str = Field("", max_length=services.LONGEST["first_name"])
    last_name: str = Field("", max_length=services.LONGEST["last_name"])
    company: str = Field("", max_length=services.LONGEST["company"])
    title: str = Field("", max_length=services.LONGEST["title"])
    phone: str = Field("", max_length=services.LONGEST["phone"])
    fields: Fields = Field(default={}, description="Custom fields: name → value, kept as text.")
    tags: Tags = []


class LeadIn(LeadPatch):
    email: str = Field(max_length=320)


def show_lead(lead: Lead) -> Json:
    """A lead of `shown`."""
    return {
        "id": str(lead.pk),
        "email": lead.email,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "company": lead.company,
        "title": lead.title,
        "phone": lead.phone,
        "fields": lead.fields,
        "tags": lead.tags,
        "flags": lead.flags,
        "lists": [str(entry.lead_list_id) for entry in lead.entries.all()],
        "source": lead.source,
        "suppressed": getattr(lead, "suppressed", None),
        "created_at": iso(lead.created_at),
        "updated_at": iso(lead.updated_at),
    }


def shown(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """The same leads with what `show_lead` needs of other tables."""
    return with_suppression(leads).prefetch_related("entries")


def find(request: OrgRequest, lead_id: str) -> Lead:
    """The organisation's lead of that id; a 404 Problem where there is none."""
    leads = shown(Lead.objects.filter(organisation=request.organisation, pk=row_id(lead_id)))
    found = leads.select_related("organisation").first()
    if found is None:
        raise Problem(404, "There is no such lead.")
    return found


def find_list(request: OrgRequest, list_id: str) -> LeadList:
    """The organisation's list of that id; a 404 Problem where there is none."""
    found = request.organisation.lists.filter(pk=row_id(list_id)).first()
    if found is None:
        raise Problem(404, "There is no such list.")
    return found


def settle(act: Callable[[], Lead]) -> Lead:
    """The lead after `act`; its refusals as Problems."""
    try:
        return act()
    except LeadGone as error:
        raise Problem(404, str(error)) from error
    except DuplicateLead as error:
        other = f" Its id is {error.lead.pk}." if error.lead else ""
        raise Problem(409, f"{error}{other}", [{"field": "email", "message": str(error)}]) from error
    except ErasedAddress as error:
        raise Problem(409, str(error), [{"field": "email", "message": str(error)}]) from error
    except BadAddress as error:
        raise refuse("email", str(error)) from error


@router.post("/leads", summary="Add a lead", response={201: Json})
def create(request: OrgRequest, org: Slug, body: LeadIn) -> Status[Json]:
    lead = Lead(organisation=request.organisation, source="API")
    settle(lambda: services.save_lead(lead, body.model_dump()))
    return Status(201, show_lead(find(request, str(lead.pk))))


class Filter(Schema):
    """What `GET /leads` narrows by."""

    q: str = ""
    list: str = ""
    segment: str = ""
    tag: str = ""


@router.get("/leads", summary="Leads, newest first")
def index(request: OrgRequest, org: Slug, filters: Query[Filter], limit: int = 100, cursor: str = "") -> Json:
    chosen = find_list(request, filters.list) if filters.list else None
    search = read_search({"q": filters.q, "tag": filters.tag}, chosen.pk if chosen else None)
    if filters.segment:
        search = replace(search, segment_id=row_id(filters.segment))
    try:
        return page(shown(matching(request.organisation, search)), show_lead, limit, cursor)
    except BadRules as error:
        raise refuse("segment", str(error)) from error


@router.get("/leads/{lead_id}", summary="One lead")
def read(request: OrgRequest, org: Slug, lead_id: str) -> Json:
    return show_lead(find(request, lead_id))


@router.patch("/leads/{lead_id}", summary="Change a lead")
def change(request: OrgRequest, org: Slug, lead_id: str, body: LeadPatch) -> Json:
    lead = find(request, lead_id)
    values = body.model_dump(exclude_unset=True)
    if "fields" in values:
        values["fields"] = lead.fields | values["fields"]
    settle(lambda: services.save_lead(lead, values))
    return show_lead(find(request, lead_id))


@router.delete("/leads/{lead_id}", summary="Erase a lead", response={204: None})
def erase(request: OrgRequest, org: Slug, lead_id: str) -> Status[None]:
    """Everything held about the person is deleted; a keyed hash of the address keeps them from being added again."""
    services.erase_leads(Lead.objects.filter(pk=find(request, lead_id).pk))
    return Status(204, None)


@router.post("/leads/{lead_id}/suppress", summary="Do not mail this lead any more")
def stop_mail(request: OrgRequest, org: Slug, lead_id: str) -> Json:
    lead = find(request, lead_id)
    suppress_lead(lead, SuppressionReason.MANUAL, f"by {request.user.name}", by=request.user)
    return show_lead(find(request, lead_id))


@router.post("/leads/{lead_id}/unsuppress", summary="Let this lead be mailed again")
def allow_mail(request: OrgRequest, org: Slug, lead_id: str) -> Json:
    """Not after a complaint, and not while its domain is on the suppression list."""
    try:
        unsuppress_lead(find(request, lead_id))
    except KeptSuppression as error:
        raise Problem(409, str(error)) from error
    return show_lead(find(request, lead_id))
