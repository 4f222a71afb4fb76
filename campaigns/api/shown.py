"""Campaigns and their mails, as programs see them."""

from typing import Any

from campaigns.editing import AUDIENCE
from campaigns.models import Campaign, Message, Priority, Step
from campaigns.preflight import Finding
from ecrm.rest import iso

Json = dict[str, Any]
PLAIN = (
    *("name", "state", "track_opens", "track_clicks", "window", "time_zone", "grows", "skip_busy", "stop_on_click"),
    *("stop_company", "wait_for_fields", "hand_over", "daily_cap", "daily_new", "version"),
)
TIMES = ("start_at", "created_at", "started_at", "finished_at", "archived_at")
STEP = ("delay_hours", "delay_business_days", "same_thread", "condition", "winner_after", "winner_by")
WORDING = ("weight", "subject", "body_html", "body_text")


def summary(campaign: Campaign) -> Json:
    """Without its steps."""
    shown: Json = {"id": str(campaign.pk)} | {name: getattr(campaign, name) for name in PLAIN}
    shown["priority"] = Priority(campaign.priority).name.lower()
    for name in ("senders", *AUDIENCE):
        shown[name] = [str(row.pk) for row in getattr(campaign, name).all()]
    return shown | {name: iso(getattr(campaign, name)) for name in TIMES}


def detail(campaign: Campaign) -> Json:
    """The campaign with its steps, which a PATCH takes back as they are."""
    steps = campaign.steps.select_related("winner").prefetch_related("variants")
    return summary(campaign) | {"steps": [show_step(step) for step in steps]}


def show_step(step: Step) -> Json:
    """A step as `bodies.StepIn` takes it: its first variant as its own wording where that is A, all others beside it."""
    variants = list(step.variants.all())
    own = next((variant for variant in variants if variant.name == "A"), None)
    own_is_shown = own is not None and bool(own.subject or own.body_html or own.body_text or len(variants) == 1)
    shown: Json = {"id": str(step.pk)} | {name: getattr(step, name) for name in STEP}
    empty = {"weight": 1, "subject": "", "body_html": "", "body_text": ""}
    shown |= {name: getattr(own, name) for name in WORDING} if own_is_shown else empty
    beside = [variant for variant in variants if variant != own or not own_is_shown]
    shown["variants"] = [
        {"name": variant.name} | {name: getattr(variant, name) for name in WORDING} for variant in beside
    ]
    return shown


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


def at_fault(found: Finding) -> dict[str, str]:
    """A finding, as an error of its field."""
    field = f"steps.{found.step - 1}.{found.field}" if found.step else found.field
    return {"field": field, "message": found.message}
