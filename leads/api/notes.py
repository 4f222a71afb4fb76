"""Notes about a lead, and its past, for programs."""

from typing import Any

from ninja import Field, Router, Status

from accounts.access import OrgRequest
from ecrm.problems import Problem, refuse
from ecrm.rest import Body, Slug, iso, page, row_id
from leads.api.leads import find
from leads.models import Note
from leads.notes import LONGEST, BadNote, add_note
from leads.timeline import timeline

router = Router(tags=["Leads"])
Json = dict[str, Any]


class NoteIn(Body):
    text: str = Field(min_length=1, max_length=LONGEST)


def show(note: Note) -> Json:
    author = note.author.name if note.author else None
    return {"id": str(note.pk), "text": note.text, "author": author, "created_at": iso(note.created_at)}


@router.get("/leads/{lead_id}/notes", summary="Notes about a lead, newest first")
def index(request: OrgRequest, org: Slug, lead_id: str, limit: int = 100, cursor: str = "") -> Json:
    return page(find(request, lead_id).notes.select_related("author"), show, limit, cursor)


@router.post("/leads/{lead_id}/notes", summary="Write a note", response={201: Json})
def create(request: OrgRequest, org: Slug, lead_id: str, body: NoteIn) -> Status[Json]:
    try:
        return Status(201, show(add_note(find(request, lead_id), body.text, request.user)))
    except BadNote as error:
        raise refuse("text", str(error)) from error


@router.delete("/leads/{lead_id}/notes/{note_id}", summary="Delete a note", response={204: None})
def delete(request: OrgRequest, org: Slug, lead_id: str, note_id: str) -> Status[None]:
    deleted, _ = find(request, lead_id).notes.filter(pk=row_id(note_id)).delete()
    if not deleted:
        raise Problem(404, "There is no such note.")
    return Status(204, None)


@router.get("/leads/{lead_id}/timeline", summary="What happened with a lead, newest first")
def past(request: OrgRequest, org: Slug, lead_id: str, kind: str = "") -> Json:
    """The newest thousand entries at the most."""
    entries = [entry for entry in timeline(find(request, lead_id)) if not kind or entry.kind == kind]
    names = ("kind", "text", "detail", "machine")
    items = [{"at": iso(entry.at)} | {name: getattr(entry, name) for name in names} for entry in entries]
    return {"items": items, "next": None}
