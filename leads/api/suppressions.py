"""The suppression list over the API (../shared/API.md)."""

from typing import Annotated, Any, Literal

from django.http import StreamingHttpResponse
from ninja import Field, Query, Router, Schema, Status

from accounts.access import OrgRequest
from ecrm.problems import Problem
from ecrm.rest import Body, Slug, iso, page, row_id
from ecrm.spreadsheet import csv_response
from leads.models import Suppression, SuppressionReason
from leads.suppressing import export
from leads.suppressing.listing import kind_of, matching, read_filter
from leads.suppressing.typed import MOST_AT_ONCE, add, read
from leads.suppression import LONGEST_SOURCE, KeptSuppression, unsuppress

router = Router(tags=["Suppressions"])
Json = dict[str, Any]

LONGEST_ENTRY = 1000


class Entries(Body):
    """Addresses (`name@b.example`) and domains (`b.example`: everybody there and at its subdomains)."""

    entries: list[Annotated[str, Field(max_length=LONGEST_ENTRY)]] = Field(min_length=1, max_length=MOST_AT_ONCE)
    reason: Literal["manual", "unsubscribed", "bounced", "complained"] = "manual"
    source: str = Field("", max_length=LONGEST_SOURCE, description="Where this is known from.")


class Filter(Schema):
    """What `GET /suppressions` narrows by; a whole address in `q` also finds what is kept as its hash alone."""

    q: str = ""
    reason: Literal["", "manual", "unsubscribed", "bounced", "complained", "erased"] = ""
    kind: Literal["", "address", "domain", "hash"] = ""


def show(entry: Suppression) -> Json:
    """Without the digest; whose address is not kept has neither address nor domain."""
    return {
        "id": str(entry.pk),
        "kind": kind_of(entry),
        "address": entry.address or None,
        "domain": entry.domain or None,
        "reason": entry.reason,
        "source": entry.source,
        "by": entry.created_by.name if entry.created_by else None,
        "created_at": iso(entry.created_at),
    }


def find(request: OrgRequest, suppression_id: str) -> Suppression:
    """The organisation's entry of that id; a 404 Problem where there is none."""
    mine = Suppression.objects.select_related("created_by").filter(organisation=request.organisation)
    found = mine.filter(pk=row_id(suppression_id)).first()
    if found is None:
        raise Problem(404, "There is no such entry on the suppression list.")
    return found


@router.get("/suppressions", summary="Who is not mailed, newest first")
def index(request: OrgRequest, org: Slug, filters: Query[Filter], limit: int = 100, cursor: str = "") -> Json:
    return page(matching(request.organisation, read_filter(filters.dict())), show, limit, cursor)


@router.post("/suppressions", summary="Suppress addresses and domains", response={201: Json})
def create(request: OrgRequest, org: Slug, body: Entries) -> Status[Json]:
    """All of them, or none where one is neither an address nor a domain."""
    found = read(body.entries, SuppressionReason(body.reason))
    if found.refused:
        errors = [{"field": f"entries.{one.place - 1}", "message": one.why} for one in found.refused]
        raise Problem(422, errors[0]["message"], errors)
    added = add(request.organisation, request.user, found, body.source or "API")
    return Status(201, {"added": added, "known": found.different - added})


@router.get("/suppressions.csv", summary="The whole list as CSV")
def download(request: OrgRequest, org: Slug, filters: Query[Filter]) -> StreamingHttpResponse:
    entries = matching(request.organisation, read_filter(filters.dict()))
    return csv_response(export.rows(entries), "suppressions.csv", mark=False)


@router.get("/suppressions/{suppression_id}", summary="One entry")
def show_one(request: OrgRequest, org: Slug, suppression_id: str) -> Json:
    return show(find(request, suppression_id))


@router.delete(
    "/suppressions/{suppression_id}", summary="Let an address or domain be mailed again", response={204: None}
)
def delete(request: OrgRequest, org: Slug, suppression_id: str) -> Status[None]:
    """Not after a complaint or an erasure."""
    try:
        unsuppress(find(request, suppression_id))
    except KeptSuppression as error:
        raise Problem(409, str(error)) from error
    return Status(204, None)
