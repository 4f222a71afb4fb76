"""Lists over the API (../shared/API.md), and who is on them."""

from collections.abc import Callable
from typing import Any

from ninja import Field, Router, Status

from accounts.access import OrgRequest
from ecrm.problems import Problem, refuse
from ecrm.rest import Body, Slug, iso, page, row_id
from leads import lists
from leads.api.leads import find_list
from leads.lists import DuplicateList, ListError, ListGone, ListInUse
from leads.models import Lead, LeadList

router = Router(tags=["Lists"])
Json = dict[str, Any]

MOST_AT_ONCE = 5000


class ListIn(Body):
    name: str = Field(min_length=1, max_length=lists.LONGEST_NAME)


class LeadIds(Body):
    leads: list[str] = Field(max_length=MOST_AT_ONCE)


def show_list(chosen: LeadList) -> Json:
    """A list of `lists.with_counts`."""
    return {
        "id": str(chosen.pk),
        "name": chosen.name,
        "leads": getattr(chosen, "size", 0),
        "created_at": iso(chosen.created_at),
    }


def answer(request: OrgRequest, pk: int) -> Json:
    return show_list(lists.with_counts(request.organisation.lists.filter(pk=pk)).get())


def settle(act: Callable[[], LeadList]) -> LeadList:
    """The list after `act`; its refusals as Problems."""
    try:
        return act()
    except ListGone as error:
        raise Problem(404, str(error)) from error
    except DuplicateList as error:
        raise Problem(409, str(error), [{"field": "name", "message": str(error)}]) from error
    except ListError as error:
        raise refuse("name", str(error)) from error


@router.post("/lists", summary="Make a list", response={201: Json})
def create(request: OrgRequest, org: Slug, body: ListIn) -> Status[Json]:
    made = settle(lambda: lists.create_list(request.organisation, body.name))
    return Status(201, answer(request, made.pk))


@router.get("/lists", summary="Lists, newest first")
def index(request: OrgRequest, org: Slug, limit: int = 100, cursor: str = "") -> Json:
    return page(lists.with_counts(request.organisation.lists.all()), show_list, limit, cursor)


@router.get("/lists/{list_id}", summary="One list")
def read(request: OrgRequest, org: Slug, list_id: str) -> Json:
    return answer(request, find_list(request, list_id).pk)


@router.patch("/lists/{list_id}", summary="Rename a list")
def rename(request: OrgRequest, org: Slug, list_id: str, body: ListIn) -> Json:
    chosen = find_list(request, list_id)
    settle(lambda: lists.save_list(chosen, body.name))
    return answer(request, chosen.pk)


@router.delete("/lists/{list_id}", summary="Delete a list; its leads stay", response={204: None})
def delete(request: OrgRequest, org: Slug, list_id: str) -> Status[None]:
    try:
        lists.delete_list(find_list(request, list_id))
    except ListInUse as error:
        raise Problem(409, str(error)) from error
    return Status(204, None)


@router.post("/lists/{list_id}/leads", summary="Put leads on a list")
def add(request: OrgRequest, org: Slug, list_id: str, body: LeadIds) -> Json:
    """All of them, or none where one is not the organisation's."""
    chosen = find_list(request, list_id)
    leads = Lead.objects.filter(organisation=request.organisation, pk__in=[row_id(text) for text in body.leads])
    known = {str(pk) for pk in leads.values_list("pk", flat=True)}
    if missing := [text for text in body.leads if text not in known]:
        raise refuse("leads", f"There is no lead {missing[0][:40]} in this organisation.")
    lists.add_found_to_list(chosen, leads)
    return answer(request, chosen.pk)


@router.delete("/lists/{list_id}/leads/{lead_id}", summary="Take a lead off a list", response={204: None})
def remove(request: OrgRequest, org: Slug, list_id: str, lead_id: str) -> Status[None]:
    chosen = find_list(request, list_id)
    leads = Lead.objects.filter(organisation=request.organisation, pk=row_id(lead_id))
    if not lists.remove_from_list(chosen, leads):
        raise Problem(404, "There is no such lead on this list.")
    return Status(204, None)
