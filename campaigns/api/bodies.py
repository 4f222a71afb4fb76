"""What programs send about campaigns, and how it is read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar

from django.db.models import Model, QuerySet
from ninja import Field

from accounts.access import OrgRequest
from accounts.models import Organisation
from campaigns.editing import AUDIENCE
from campaigns.models import Condition, Priority, WinnerBy
from campaigns.wording import MOST_STEPS, MOST_VARIANTS, StepContent, VariantContent
from ecrm.problems import refuse
from ecrm.rest import Body, row_id

Row = TypeVar("Row", bound=Model)
Json = dict[str, Any]

MOST_BODY = 500_000  # characters, as campaigns.rendering.templates.MAX_SOURCE
MOST_CHOSEN = 1000
MOST_DELAY = 24 * 365  # hours
Ids = list[str]


def ids() -> Any:
    return Field(default=[], max_length=MOST_CHOSEN)


class VariantIn(Body):
    name: str = Field("", max_length=20)
    weight: int = Field(1, ge=0, le=1000)
    subject: str = Field("", max_length=500)
    body_html: str = Field("", max_length=MOST_BODY)
    body_text: str = Field("", max_length=MOST_BODY)


class StepIn(Body):
    """The step's own wording is its variant A, with the share `weight`; `variants` are those beside it. Where the own one is
    empty, `variants` are all there are.
    """

    id: str | None = Field(None, description="The step that it is already; without one, it is known by its place.")
    subject: str = Field("", max_length=500)
    body_html: str = Field("", max_length=MOST_BODY)
    body_text: str = Field("", max_length=MOST_BODY)
    weight: int = Field(1, ge=0, le=1000)
    delay_hours: float = Field(0, ge=0, le=MOST_DELAY)
    delay_business_days: int = Field(0, ge=0, le=365)
    same_thread: bool = False
    condition: Condition = Condition.ALWAYS
    winner_after: int | None = Field(None, ge=1, le=1_000_000)
    winner_by: WinnerBy = WinnerBy.REPLIED
    variants: list[VariantIn] = Field(default=[], max_length=MOST_VARIANTS)

    def content(self) -> StepContent:
        values = self.model_dump(exclude={"variants", "subject", "body_html", "body_text", "weight", "id"})
        own = VariantContent(self.subject, self.body_html, self.body_text, "A", self.weight)
        beside = [VariantContent(**variant.model_dump()) for variant in self.variants]
        has_own = bool(self.subject or self.body_html or self.body_text) or not beside
        wordings = ([own] if has_own else []) + beside
        return StepContent(**values, variants=tuple(wordings), id=row_id(self.id) if self.id else None)


class Settings(Body):
    """What a campaign may be told besides its name and its steps."""

    senders: Ids = ids()
    lists: Ids = ids()
    segments: Ids = ids()
    excluded_lists: Ids = ids()
    excluded_segments: Ids = ids()
    track_opens: bool = True
    track_clicks: bool = True
    window: dict[str, Any] | None = None
    time_zone: str = Field("UTC", min_length=1, max_length=64)
    grows: bool = False
    skip_busy: bool = False
    stop_on_click: bool = False
    stop_company: bool = False
    wait_for_fields: bool = False
    hand_over: bool = False
    daily_cap: int | None = Field(None, ge=1, le=1_000_000)
    daily_new: int | None = Field(None, ge=1, le=1_000_000)
    priority: Literal["high", "normal", "low"] = "normal"
    start_at: datetime | None = None


class CampaignIn(Settings):
    name: str = Field(min_length=1, max_length=200)
    steps: list[StepIn] = Field(min_length=1, max_length=MOST_STEPS)


class CampaignPatch(Settings):
    name: str = Field("", min_length=1, max_length=200)
    steps: list[StepIn] = Field(default=[], min_length=1, max_length=MOST_STEPS)
    version: int | None = Field(None, description="The version that was read; another one stored is a 409.")


def chosen(rows: QuerySet[Row], given: Iterable[str], field: str) -> list[Row]:
    """The rows of these ids, all of them; a 422 Problem naming the field where one is not the organisation's."""
    found = {str(pk): row for pk, row in rows.in_bulk([row_id(text) for text in given]).items()}
    if missing := [text for text in given if text not in found]:
        what = field.removeprefix("excluded_")[:-1]
        raise refuse(field, f"There is no {what} {missing[0][:40]} in this organisation.")
    return list(found.values())


def rows_of(organisation: Organisation, field: str) -> QuerySet[Any]:
    """What the ids of a field are of."""
    named: dict[str, Any] = {
        "senders": organisation.senders,
        "lists": organisation.lists,
        "segments": organisation.segments,
    }
    found: QuerySet[Any] = named[field.removeprefix("excluded_")].all()
    return found


def values_of(request: OrgRequest, body: CampaignIn | CampaignPatch) -> Json:
    """What was sent, as `editing` takes it; a 422 Problem for what cannot be."""
    values = body.model_dump(exclude_unset=isinstance(body, CampaignPatch), exclude={"steps", "version"})
    for field in ("senders", *AUDIENCE):
        if field in values:
            values[field] = chosen(rows_of(request.organisation, field), values[field], field)
    if "priority" in values:
        values["priority"] = Priority[values["priority"].upper()]
    if values.get("start_at") and values["start_at"].tzinfo is None:
        raise refuse("start_at", "A time needs its zone, as in 2026-11-25T09:00:00Z.")
    if "steps" in body.model_fields_set:
        values["steps"] = [step.content() for step in body.steps]
    return values
