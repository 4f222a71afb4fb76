"""Senders over the API (../shared/API.md); values are checked by the forms of the pages. A secret never comes back."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from ninja import Field, Router, Status
from pydantic import StringConstraints

from accounts.access import OrgRequest
from ecrm.problems import Problem, refuse
from ecrm.rest import Body, Slug, iso, page, row_id
from senders import services, window
from senders.check import check_for
from senders.connecting.flow import disconnect_sender
from senders.dns_check import look_at_domain
from senders.errors import last_errors
from senders.forms import SenderForm
from senders.models import Kind, Sender, SenderState
from senders.services import FIELDS, HEALTH, MANNERS, PACE, SenderError
from senders.standing import Standing, standing_of, standings

router = Router(tags=["Senders"])
Done = TypeVar("Done")
Json = dict[str, Any]
# As it was typed, spaces included; it never comes back.
Password = Annotated[
    str,
    StringConstraints(strip_whitespace=False),
    Field(repr=False, json_schema_extra={"format": "password", "writeOnly": True}),
]


class SenderIn(Body):
    kind: str = "smtp"
    name: str
    address: str
    host: str
    port: int
    security: str
    username: str = ""
    password: Password = ""
    daily_limit: int | None = Field(None, description="Mails in any 24 hours; null: no limit.")
    gap_seconds: float = Field(0, description="Pause between two mails.")
    connections: int = Field(1, description="SMTP connections open at once, 1 to 20; one where there is a pause.")
    window: Json | None = Field(
        None,
        description="days (0: Monday), start, end (HH:MM), time_zone, lead_time_zone (true: by each lead's own clock, where "
        "its custom field time_zone names it), days_off (dates, 100 at the most); null: any time.",
    )
    reply_address: str = Field("", description="Reply-To; empty: the address itself.")
    signature: str = Field("", description="Plain text above the footer of every mail.")
    dkim_selector: str = Field("", description="For the check of its domain; empty: the usual ones are tried.")
    ramp_start: int | None = Field(None, description="Mails on the first day of a warm-up; null: none.")
    ramp_step: int | None = Field(None, description="More mails on each further day on which it sends.")
    ramp_ceiling: int | None = Field(None, description="The most that the warm-up comes to; null: daily_limit.")
    bounce_limit: float | None = Field(
        5.0, description="Percent of the last 200 mails at which it pauses; null: never."
    )
    complaint_limit: float | None = Field(0.3, description="As bounce_limit, for complaints.")


class SenderPatch(Body):
    name: str = ""
    address: str = ""
    host: str = ""
    port: int = 0
    security: str = ""
    username: str = ""
    password: Password = ""
    daily_limit: int | None = None
    gap_seconds: float = 0
    connections: int = 1
    window: Json | None = None
    reply_address: str = ""
    signature: str = ""
    dkim_selector: str = ""
    ramp_start: int | None = None
    ramp_step: int | None = None
    ramp_ceiling: int | None = None
    bounce_limit: float | None = None
    complaint_limit: float | None = None


def show(standing: Standing) -> Json:
    sender = standing.sender
    return {
        "id": str(sender.pk),
        "kind": sender.kind,
        "address": sender.address,
        "host": sender.host,
        "port": sender.port,
        "security": sender.security,
        "username": sender.username,
        "has_password": sender.secret is not None,
        **{name: getattr(sender, name) for name in (*MANNERS, *PACE, *HEALTH)},
        "state": sender.state,
        "state_reason": sender.state_reason,
        "last_error": sender.last_error,
        "last_error_at": iso(sender.last_error_at),
        "checked_at": iso(sender.checked_at),
        "check_ok": sender.check_ok,
        "check_detail": sender.check_detail,
        "sent_24h": standing.used,
        "cap_24h": standing.cap,
        "next_at": iso(standing.next_at),
        "created_at": iso(sender.created_at),
    }


def find(request: OrgRequest, sender_id: str) -> Sender:
    """The organisation's sender of that id; a 404 Problem where there is none."""
    found = request.organisation.senders.filter(pk=row_id(sender_id)).first()
    if found is None:
        raise Problem(404, "There is no such sender.")
    return found


def checked(sender: Sender, given: Mapping[str, Any]) -> Json:
    """What was given, as `services` takes it; a 422 Problem that names each field at fault."""
    form = SenderForm({name: getattr(sender, name) for name in FIELDS} | {**given}, instance=sender)
    errors = [{"field": name, "message": str(text)} for name, texts in form.errors.items() for text in texts]
    for name in given.keys() - form.fields.keys() - {"window"}:
        errors.append({"field": name, "message": "This is its provider’s to say: connect it again to change it."})
    values = {name: form.cleaned_data.get(name) for name in given}
    if "window" in given:
        try:
            values["window"] = window.clean(given["window"])
        except window.BadWindow as error:
            errors.append({"field": f"window.{error.field}".rstrip("."), "message": str(error)})
    if errors:
        raise Problem(422, "Some values were not accepted.", errors)
    return values


def given_in(body: SenderIn | SenderPatch) -> Json:
    return body.model_dump(exclude_unset=isinstance(body, SenderPatch), exclude={"kind"})


def settle(act: Callable[[], Done], status: int = 409) -> Done:
    """What `act` returns; its refusal as a Problem of that status."""
    try:
        return act()
    except SenderError as error:
        errors = [{"field": error.field, "message": str(error)}] if error.field else []
        raise Problem(status, str(error), errors) from error


@router.post("/senders", summary="Connect a mailbox", response={201: Json})
def create(request: OrgRequest, org: Slug, body: SenderIn) -> Status[Json]:
    if body.kind != Kind.SMTP:
        raise refuse(
            "kind", "Connect it in the browser: Google and Microsoft ask the mailbox’s owner on their own pages."
        )
    values = checked(Sender(organisation=request.organisation), given_in(body))
    made = settle(lambda: services.create_sender(request.organisation, request.user, values), 422)
    return Status(201, show(standing_of(made)))


@router.get("/senders", summary="Senders, newest first")
def index(request: OrgRequest, org: Slug, limit: int = 100, cursor: str = "", state: SenderState | None = None) -> Json:
    senders = request.organisation.senders.all()
    if state:
        senders = senders.filter(state=state)
    found = page(senders, lambda sender: {"sender": sender}, limit, cursor)
    return found | {"items": [show(standing) for standing in standings(item["sender"] for item in found["items"])]}


@router.get("/senders/{sender_id}", summary="One sender, what it sent in 24 hours and when it goes on")
def read(request: OrgRequest, org: Slug, sender_id: str) -> Json:
    return show(standing_of(find(request, sender_id)))


@router.patch("/senders/{sender_id}", summary="Change a sender; an absent or empty password stays as it is")
def change(request: OrgRequest, org: Slug, sender_id: str, body: SenderPatch) -> Json:
    sender = find(request, sender_id)
    values = checked(sender, given_in(body))
    return show(standing_of(settle(lambda: services.update_sender(sender, values), 422)))


@router.delete("/senders/{sender_id}", summary="Delete a sender and its secret", response={204: None})
def delete(request: OrgRequest, org: Slug, sender_id: str) -> Status[None]:
    sender = find(request, sender_id)
    settle(lambda: services.delete_sender(sender))
    return Status(204, None)


@router.post("/senders/{sender_id}/disconnect", summary="Take back what Google or Microsoft allowed; delete the tokens")
def disconnect(request: OrgRequest, org: Slug, sender_id: str) -> Json:
    sender = find(request, sender_id)
    if sender.kind == Kind.SMTP:
        raise Problem(409, "A sender by SMTP has a password and no permission: change or delete it.")
    left = disconnect_sender(sender)
    return show(standing_of(sender)) | {"left_to_do": left}


@router.post("/senders/{sender_id}/check", summary="Try the connection: resolve, connect, TLS, sign in")
def check(request: OrgRequest, org: Slug, sender_id: str) -> Json:
    steps = check_for(request.user, find(request, sender_id))
    shown = [{"name": step.name, "ok": step.ok, "detail": step.detail} for step in steps]
    return {"ok": all(step.ok for step in steps), "steps": shown}


@router.get("/senders/{sender_id}/domain", summary="What DNS says of its domain: SPF, DKIM, DMARC")
def domain(request: OrgRequest, org: Slug, sender_id: str) -> Json:
    checks = look_at_domain(find(request, sender_id))
    return {"ok": all(check.state == "ok" for check in checks), "checks": [asdict(check) for check in checks]}


@router.get("/senders/{sender_id}/errors", summary="Its last errors, newest first")
def errors(request: OrgRequest, org: Slug, sender_id: str) -> Json:
    found = last_errors(find(request, sender_id))
    shown = [{"at": iso(error.at), "times": error.times, "reason": error.reason} for error in found]
    return {"items": shown, "next": None}


@router.post("/senders/{sender_id}/pause", summary="Send nothing through it until resumed")
def pause(request: OrgRequest, org: Slug, sender_id: str) -> Json:
    return moved(find(request, sender_id), services.pause_sender, "Only an active sender can be paused")


@router.post("/senders/{sender_id}/resume", summary="Let a paused sender send again")
def resume(request: OrgRequest, org: Slug, sender_id: str) -> Json:
    return moved(find(request, sender_id), services.resume_sender, "Only a paused sender can be resumed")


def moved(sender: Sender, move: Callable[[Sender], bool], rule: str) -> Json:
    if not move(sender):
        raise Problem(409, f"{rule}; this one is {sender.state}.")
    sender.refresh_from_db()
    return show(standing_of(sender))
