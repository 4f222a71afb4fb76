"""Segments and custom fields over the API."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import QuerySet
from ninja import Field, Router, Status

from accounts.access import OrgRequest
from ecrm.problems import Problem, refuse
from ecrm.rest import Body, Slug, iso, page, row_id
from leads.counting import THOROUGH, Count, count_leads
from leads.fields import LONGEST_FIELD_NAME, MOST_CHOICES, DuplicateField, FieldError, save_field
from leads.models import CustomField, FieldKind, Segment
from leads.segments.rules import BadRules, Rules, read_rules
from leads.segments.saving import (
    LONGEST_NAME,
    DuplicateSegment,
    SegmentError,
    SegmentGone,
    SegmentInUse,
    delete_segment,
    leads_of,
    save_segment,
)

router = Router(tags=["Segments"])
Json = dict[str, Any]
Kept = TypeVar("Kept", Segment, CustomField)


class SegmentIn(Body):
    """`rules`: `{match: "all"|"any", rules: [{field, asks, value?, days?}], groups: [{match, rules}]}`."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    rules: Rules


class FieldIn(Body):
    name: str = Field(min_length=1, max_length=LONGEST_FIELD_NAME)
    kind: FieldKind = FieldKind.TEXT
    choices: list[str] = Field(default=[], max_length=MOST_CHOICES)


def show_segment(segment: Segment) -> Json:
    return {
        "id": str(segment.pk),
        "name": segment.name,
        "rules": segment.rules,
        "created_at": iso(segment.created_at),
    }


def show_field(field: CustomField) -> Json:
    return {"id": str(field.pk), "name": field.name, "kind": field.kind, "choices": field.choices}


def find(kept: QuerySet[Kept], kept_id: str, what: str) -> Kept:
    """The one of `kept`, the organisation's, that has this id; a 404 Problem where there is none."""
    found = kept.select_related("organisation").filter(pk=row_id(kept_id)).first()
    if found is None:
        raise Problem(404, f"There is no such {what}.")
    return found


def find_segment(request: OrgRequest, segment_id: str) -> Segment:
    return find(request.organisation.segments.all(), segment_id, "segment")


def settle(act: Callable[[], Kept]) -> Kept:
    """What `act` kept; its refusals as Problems."""
    try:
        return act()
    except BadRules as error:
        errors = [{"field": f"rules.{place}", "message": said} for place, said in error.errors.items()]
        raise Problem(422, str(error), errors or [{"field": "rules", "message": str(error)}]) from error
    except SegmentGone as error:
        raise Problem(404, str(error)) from error
    except (DuplicateSegment, DuplicateField) as error:
        raise Problem(409, str(error), [{"field": "name", "message": str(error)}]) from error
    except (SegmentError, FieldError) as error:
        raise refuse("name" if isinstance(error, SegmentError) else "choices", str(error)) from error


def counted(segment: Segment) -> Count:
    """Raises a Problem where its rules do not hold any more."""
    try:
        return count_leads(leads_of(segment.organisation, read_rules(segment.rules)), THOROUGH)
    except BadRules as error:
        raise Problem(409, str(error)) from error


@router.post("/segments", summary="Save a segment", response={201: Json})
def create(request: OrgRequest, org: Slug, body: SegmentIn) -> Status[Json]:
    segment = Segment(organisation=request.organisation, created_by=request.user)
    return Status(201, show_segment(settle(lambda: save_segment(segment, body.name, body.rules))))


@router.get("/segments", summary="Segments, newest first")
def index(request: OrgRequest, org: Slug, limit: int = 100, cursor: str = "") -> Json:
    return page(request.organisation.segments.all(), show_segment, limit, cursor)


@router.get("/segments/{segment_id}", summary="One segment, with how many leads are in it now")
def read(request: OrgRequest, org: Slug, segment_id: str) -> Json:
    """`leads` is how many; with `exact: false` they are more than that."""
    segment = find_segment(request, segment_id)
    count = counted(segment)
    return show_segment(segment) | {"leads": count.number, "exact": count.exact}


@router.put("/segments/{segment_id}", summary="Change a segment")
def change(request: OrgRequest, org: Slug, segment_id: str, body: SegmentIn) -> Json:
    segment = find_segment(request, segment_id)
    return show_segment(settle(lambda: save_segment(segment, body.name, body.rules)))


@router.delete("/segments/{segment_id}", summary="Delete a segment; its leads stay", response={204: None})
def delete(request: OrgRequest, org: Slug, segment_id: str) -> Status[None]:
    try:
        delete_segment(find_segment(request, segment_id))
    except SegmentInUse as error:
        raise Problem(409, str(error)) from error
    return Status(204, None)


@router.get("/fields", summary="Custom fields that are defined")
def fields(request: OrgRequest, org: Slug, limit: int = 100, cursor: str = "") -> Json:
    return page(request.organisation.custom_fields.all(), show_field, limit, cursor)


@router.post("/fields", summary="Say what a custom field holds", response={201: Json})
def define(request: OrgRequest, org: Slug, body: FieldIn) -> Status[Json]:
    field = CustomField(organisation=request.organisation, name=body.name)
    return Status(201, show_field(settle(lambda: save_field(field, body.kind, body.choices))))


@router.delete("/fields/{field_id}", summary="Take a definition back; the values stay, as text", response={204: None})
def undefine(request: OrgRequest, org: Slug, field_id: str) -> Status[None]:
    find(request.organisation.custom_fields.all(), field_id, "field").delete()
    return Status(204, None)
