"""What people do with campaigns, one function each; pages, the API and commands call these.

A campaign's states and who moves it between them stand in `MOVES`; the engine moves a running one to finished
(`engine.finish`). Every move is a conditional UPDATE: of two people who press a button at once, one wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.models import (
    Campaign,
    CampaignState,
    Enrollment,
    EnrollmentState,
    Message,
    MessageState,
    Step,
    Variant,
)
from campaigns.preflight import Finding, preflight
from senders import window as windows

# What a person may do → (the states in which it is possible, the state it leads to).
MOVES: dict[str, tuple[frozenset[CampaignState], CampaignState]] = {
    "start": (frozenset({CampaignState.DRAFT}), CampaignState.RUNNING),
    "pause": (frozenset({CampaignState.RUNNING}), CampaignState.PAUSED),
    "resume": (frozenset({CampaignState.PAUSED}), CampaignState.RUNNING),
    "stop": (frozenset({CampaignState.RUNNING, CampaignState.PAUSED}), CampaignState.STOPPED),
}
DONE = {"start": "started", "pause": "paused", "resume": "resumed", "stop": "stopped"}
DELETABLE = frozenset({CampaignState.DRAFT, CampaignState.FINISHED, CampaignState.STOPPED})
UNTITLED = "Untitled campaign"
# What a campaign is besides its name, audience and steps.
SETTINGS = ("track_opens", "track_clicks", "window", "time_zone")


class CampaignError(Exception):
    """What was asked cannot be done; its text says why, in a sentence."""


class WrongState(CampaignError):
    """The campaign's state does not allow it."""


class CampaignGone(CampaignError):
    """Somebody deleted the campaign meanwhile."""

    def __init__(self) -> None:
        super().__init__("This campaign was deleted.")


class NotReady(CampaignError):
    """The preflight found something that must be mended first: `findings`."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [finding.message for finding in findings if finding.blocks]
        super().__init__(" ".join(["The campaign is not ready to start.", *errors]))
        self.findings = list(findings)


class BadValue(CampaignError):
    """A value that cannot be kept; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class StepContent:
    """What a step says, as Liquid templates, and how long after the step before it goes out (hours)."""

    subject: str = ""
    body_html: str = ""
    body_text: str = ""
    delay_hours: float = 0.0


def create_campaign(organisation: Organisation, by: User, values: Mapping[str, Any]) -> Campaign:
    """A draft with `values` (see `update_campaign`) and at least one, possibly empty, step; raises BadValue."""
    with transaction.atomic():
        campaign = Campaign.objects.create(organisation=organisation, created_by=by, name=UNTITLED)
        return update_campaign(campaign, {"steps": [StepContent()], **values})


def update_campaign(campaign: Campaign, values: Mapping[str, Any]) -> Campaign:
    """Set what `values` holds of: name, senders, lists (of the campaign's organisation, the caller's care), steps
    (StepContent), track_opens, track_clicks, window, time_zone (empty: UTC). Raises CampaignGone, WrongState unless it
    is a draft, and BadValue.
    """
    with transaction.atomic():
        state = locked(campaign).state
        if state != CampaignState.DRAFT:
            refresh(campaign)
            raise WrongState(f"Only a draft can be changed; this campaign is {state}.")
        if "name" in values:
            campaign.name = clean(values["name"]).strip()[:200] or UNTITLED
        for name in SETTINGS:
            if name in values:
                setattr(campaign, name, values[name])
        campaign.time_zone = campaign.time_zone or "UTC"
        campaign.window = clean_window(campaign)
        campaign.save()
        if "senders" in values:
            campaign.senders.set(values["senders"])
        if "lists" in values:
            campaign.lists.set(values["lists"])
        if "steps" in values:
            save_steps(campaign, values["steps"])
    return campaign


def locked(campaign: Campaign) -> Campaign:
    """The campaign as it is stored, and nobody else's to change until the transaction ends; raises CampaignGone."""
    found = Campaign.objects.select_for_update().filter(pk=campaign.pk).first()
    if found is None:
        raise CampaignGone
    return found


def refresh(campaign: Campaign) -> None:
    """Read it again; raises CampaignGone."""
    try:
        campaign.refresh_from_db()
    except Campaign.DoesNotExist as error:
        raise CampaignGone from error


def clean(text: str) -> str:
    """Text as PostgreSQL can hold it."""
    return text.replace("\0", "")


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


def save_steps(campaign: Campaign, steps: Sequence[StepContent]) -> None:
    """Make the campaign's steps these, in this order, each with one variant."""
    for position, content in enumerate(steps, 1):
        step, _ = Step.objects.update_or_create(
            campaign=campaign,
            position=position,
            defaults={"organisation": campaign.organisation, "delay_hours": content.delay_hours},
        )
        Variant.objects.update_or_create(
            step=step,
            name="A",
            defaults={
                "organisation": campaign.organisation,
                "subject": clean(content.subject),
                "body_html": clean(content.body_html),
                "body_text": clean(content.body_text),
            },
        )
    campaign.steps.filter(position__gt=len(steps)).delete()


def move(campaign: Campaign, verb: str, **changes: Any) -> None:
    """Claim the move `verb` of MOVES; raises WrongState where the campaign's state forbids it or another was faster, and
    CampaignGone.
    """
    sources, target = MOVES[verb]
    won = Campaign.objects.filter(pk=campaign.pk, state__in=sources).update(state=target, **changes)
    refresh(campaign)
    if not won:
        allowed = " or ".join(sorted(source.value for source in sources))
        raise WrongState(f"Only a {allowed} campaign can be {DONE[verb]}; this one is {campaign.state}.")


def start_campaign(campaign: Campaign, by: User) -> Campaign:
    """Check a draft, enrol its audience and send; raises WrongState or NotReady, and then changes nothing."""
    try:
        with transaction.atomic():
            # Claimed first: what is checked cannot be edited any more, and a second start waits for the first.
            move(campaign, "start", started_at=timezone.now())
            engine.hold_senders(campaign)
            findings = preflight(campaign)
            if any(finding.blocks for finding in findings):
                raise NotReady(findings)
            engine.enrol(campaign)
            engine.signal_work(campaign)
    except NotReady:
        campaign.refresh_from_db()  # the claim was rolled back
        raise
    return campaign


def pause_campaign(campaign: Campaign) -> Campaign:
    """Send nothing more until it is resumed; a mail that is on the wire is finished. Raises WrongState."""
    move(campaign, "pause")
    return campaign


def resume_campaign(campaign: Campaign) -> Campaign:
    """Go on with a paused campaign; raises WrongState."""
    with transaction.atomic():
        move(campaign, "resume")
        engine.signal_work(campaign)
    return campaign


def stop_campaign(campaign: Campaign) -> Campaign:
    """End a campaign for good: what is planned is skipped, its leads' sequences stop. Raises WrongState."""
    with transaction.atomic():
        move(campaign, "stop", finished_at=timezone.now())
        Message.objects.filter(campaign=campaign, state=MessageState.PLANNED).update(
            state=MessageState.SKIPPED, error="The campaign was stopped."
        )
        Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.ACTIVE).update(
            state=EnrollmentState.STOPPED, reason="The campaign was stopped.", due_at=None
        )
    return campaign


def clone_campaign(campaign: Campaign, by: User) -> Campaign:
    """A draft with the same content, senders and lists."""
    steps = [
        StepContent(variant.subject, variant.body_html, variant.body_text, step.delay_hours)
        for step in campaign.steps.prefetch_related("variants")
        for variant in step.variants.all()[:1]
    ]
    values = {name: getattr(campaign, name) for name in SETTINGS}
    return create_campaign(
        campaign.organisation,
        by,
        values
        | {
            "name": f"{campaign.name[:190]} (copy)",
            "senders": list(campaign.senders.all()),
            "lists": list(campaign.lists.all()),
            "steps": steps or [StepContent()],
        },
    )


def decide_unknown(campaign: Campaign, messages: list[int], *, resend: bool) -> int:
    """Send these unknown messages again, or leave them be as failed; returns how many were unknown still.

    Raises WrongState for a resend that would never go out: the campaign was stopped, or has no sender left; CampaignGone.
    """
    if not resend:
        return engine.close_unknown(campaign, messages)
    try:
        with transaction.atomic():
            moved = engine.resend_unknown(campaign, messages)
            refresh(campaign)
            engine.signal_work(campaign)
    except engine.CannotResend as error:
        raise WrongState(str(error)) from error
    return moved


# Straight to the rows, since a campaign may have a million of them; the order is that of the foreign keys.
DELETE_ROWS = (
    "DELETE FROM tracking_event WHERE organisation_id = %(organisation)s AND message_id IN"
    " (SELECT id FROM campaigns_message WHERE campaign_id = %(campaign)s)",
    "DELETE FROM campaigns_message WHERE campaign_id = %(campaign)s",
    "DELETE FROM campaigns_enrollment WHERE campaign_id = %(campaign)s",
)


def delete_campaign(campaign: Campaign) -> None:
    """Delete a draft or an ended campaign with its messages and events; raises WrongState or CampaignGone."""
    with transaction.atomic():
        stored = locked(campaign)
        if stored.state not in DELETABLE:
            raise WrongState(f"This campaign is {stored.state}: stop it before you delete it.")
        if Message.objects.filter(campaign=campaign, state=MessageState.SENDING).exists():
            raise WrongState("A mail of this campaign is on its way right now; try again in a few seconds.")
        with connection.cursor() as cursor:
            for statement in DELETE_ROWS:
                cursor.execute(statement, {"campaign": campaign.pk, "organisation": campaign.organisation_id})
        stored.delete()
