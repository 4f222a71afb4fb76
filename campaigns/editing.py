"""Writing a campaign, as a draft or while it runs: what it says, whom it reaches, when and how much.

What was sent stays; what is to come changes. Two people who edit at once: the second is told (`Conflict`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns.activity import note
from campaigns.errors import BadValue, Conflict, NotReady, WrongState
from campaigns.mailboxes import change_senders
from campaigns.models import Campaign, CampaignDay, CampaignState, Priority
from campaigns.preflight import preflight
from campaigns.steps import save_steps
from campaigns.stored import locked, refresh
from campaigns.wording import StepContent, sequence_of
from ecrm.text import clean
from senders import window as windows

UNTITLED = "Untitled campaign"
EDITABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
# What a campaign is besides its name, steps, audience and senders.
SETTINGS = (
    *("track_opens", "track_clicks", "window", "time_zone"),
    *("grows", "skip_busy", "stop_on_click", "stop_company", "wait_for_fields", "hand_over"),
    *("daily_cap", "daily_new", "priority", "start_at"),
)
# Whom it reaches: sets of the organisation's lists and segments.
AUDIENCE = ("lists", "segments", "excluded_lists", "excluded_segments")
LIMITS = ("daily_cap", "daily_new")


def create_campaign(organisation: Organisation, by: User, values: Mapping[str, Any]) -> Campaign:
    """A draft with `values` (see `update_campaign`) and at least one, possibly empty, step; raises BadValue."""
    with transaction.atomic():
        campaign = Campaign.objects.create(organisation=organisation, created_by=by, name=UNTITLED)
        write(campaign, {"steps": [StepContent()], **values})
        note(campaign, "created", "Created the campaign.", by=by)
    return campaign


def update_campaign(
    campaign: Campaign, values: Mapping[str, Any], *, by: User | None = None, version: int | None = None
) -> Campaign:
    """Set what `values` holds of: name, steps (StepContent), senders, AUDIENCE (rows of the campaign's organisation, the
    caller's care) and SETTINGS. `version` is the one that the caller has read.

    Raises CampaignGone, WrongState once it has ended, Conflict where another version is stored, BadValue, and NotReady where
    a campaign that is not a draft would get a step that cannot be sent; then nothing is changed.
    """
    with transaction.atomic():
        stored = locked(campaign)
        if stored.state not in EDITABLE:
            refresh(campaign)
            raise WrongState(f"This campaign is {stored.state}: it cannot be changed any more. Copy it instead.")
        if version is not None and version != stored.version:
            raise Conflict(stored)
        refresh(campaign)
        campaign.version, campaign.changed_by, campaign.changed_at = stored.version + 1, by, timezone.now()
        write(campaign, values)
        if campaign.state != CampaignState.DRAFT:
            refuse_unsendable(campaign)
            note(campaign, "edited", f"Changed {changed_in_words(values)}.", by=by)
    return campaign


def write(campaign: Campaign, values: Mapping[str, Any]) -> None:
    """Set what `values` holds; the caller's transaction holds the row."""
    if "name" in values:
        campaign.name = clean(values["name"]).strip()[:200] or UNTITLED
    for name in SETTINGS:
        if name in values:
            setattr(campaign, name, values[name])
    campaign.time_zone = campaign.time_zone or "UTC"
    campaign.window = clean_window(campaign)
    check_settings(campaign)
    campaign.save()
    if any(name in values for name in LIMITS):  # the day is counted anew
        CampaignDay.objects.filter(campaign=campaign).delete()
    if "senders" in values:
        change_senders(campaign, values["senders"])
    for name in AUDIENCE:
        if name in values:
            getattr(campaign, name).set(values[name])
    if "steps" in values:
        save_steps(campaign, values["steps"])


def check_settings(campaign: Campaign) -> None:
    """Raise BadValue for numbers that make no sense."""
    for name in LIMITS:
        value = getattr(campaign, name)
        if value is not None and not 1 <= value <= 1_000_000:
            raise BadValue(name, "A daily limit is a number from 1 to 1,000,000, or empty for none.")
    if campaign.priority not in Priority.values:
        raise BadValue("priority", "The priority is high, normal or low.")


def clean_window(campaign: Campaign) -> dict[str, Any] | None:
    """The campaign's window in its normal form, in its own time zone where the window names none; raises BadValue."""
    try:
        windows.clean({"time_zone": campaign.time_zone})
    except windows.BadWindow as error:
        raise BadValue("time_zone", str(error)) from error
    if not campaign.window:
        return None
    try:
        return windows.clean({"time_zone": campaign.time_zone, **campaign.window})
    except windows.BadWindow as error:
        raise BadValue("window", str(error)) from error


def refuse_unsendable(campaign: Campaign) -> None:
    """Raise NotReady where a step would not pass the preflight."""
    findings = [finding for finding in preflight(campaign) if finding.blocks and finding.step]
    if findings:
        raise NotReady(findings, "Nothing was changed: the campaign would stop sending.")


WORDS = {"name": "the name", "steps": "the sequence", "senders": "the senders", "window": "the sending hours"}


def changed_in_words(values: Iterable[str]) -> str:
    """What an edit was about, for the log."""
    said = [WORDS[name] for name in WORDS if name in values]
    if set(AUDIENCE) & set(values):
        said.append("the audience")
    if set(values) - set(WORDS) - set(AUDIENCE):
        said.append("settings")
    return ", ".join(said) or "nothing"


def clone_campaign(campaign: Campaign, by: User) -> Campaign:
    """A draft with the same content, settings, senders and audience."""
    values: dict[str, Any] = {name: getattr(campaign, name) for name in SETTINGS if name != "start_at"}
    for name in ("senders", *AUDIENCE):
        values[name] = list(getattr(campaign, name).all())
    steps = [copied(step) for step in sequence_of(campaign)] or [StepContent()]
    return create_campaign(
        campaign.organisation, by, values | {"name": f"{campaign.name[:190]} (copy)", "steps": steps}
    )


def copied(step: StepContent) -> StepContent:
    """The same in another campaign."""
    return replace(step, id=None)
