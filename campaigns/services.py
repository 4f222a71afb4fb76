"""What people do with campaigns, one function each; pages, the API and commands call these.

A campaign's states and who moves it between them stand in `MOVES`; the engine moves a running one to finished
(`engine.finish`). Every move is a conditional UPDATE: of two people who press a button at once, one wins.
"""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from campaigns import engine
from campaigns.activity import note
from campaigns.enrolment import enrol
from campaigns.errors import NotReady, WrongState
from campaigns.models import (
    AT_REST,
    GOING,
    Campaign,
    CampaignState,
    Enrollment,
    EnrollmentState,
    Message,
    MessageState,
)
from campaigns.preflight import preflight
from campaigns.stored import locked, refresh
from ecrm.text import counted

# What a person may do → (the states in which it is possible, the state it leads to).
MOVES: dict[str, tuple[frozenset[CampaignState], CampaignState]] = {
    "start": (frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED}), CampaignState.RUNNING),
    "schedule": (frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED}), CampaignState.SCHEDULED),
    "unschedule": (frozenset({CampaignState.SCHEDULED}), CampaignState.DRAFT),
    "pause": (frozenset({CampaignState.RUNNING}), CampaignState.PAUSED),
    "resume": (frozenset({CampaignState.PAUSED}), CampaignState.RUNNING),
    "stop": (frozenset({CampaignState.RUNNING, CampaignState.PAUSED}), CampaignState.STOPPED),
}
DONE = {
    "start": "started",
    "schedule": "scheduled",
    "unschedule": "taken off the schedule",
    "pause": "paused",
    "resume": "resumed",
    "stop": "stopped",
}


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


def refuse_unready(campaign: Campaign) -> None:
    """Raise NotReady where the preflight found something that must be mended first."""
    findings = preflight(campaign)
    if any(finding.blocks for finding in findings):
        raise NotReady(findings)


def start_campaign(campaign: Campaign, by: User | None) -> Campaign:
    """Check a draft, or a scheduled one, enrol its audience and send; raises WrongState or NotReady, and then changes
    nothing. `by` None: its time has come.
    """
    try:
        with transaction.atomic():
            # Claimed first: what is checked cannot be edited any more, and a second start waits for the first.
            move(campaign, "start", started_at=timezone.now())
            engine.hold_senders(campaign)
            refuse_unready(campaign)
            count = enrol(campaign)
            note(campaign, "started", f"Started with {counted(count, 'lead')}.", by=by)
            engine.signal_work(campaign)
    except NotReady:
        campaign.refresh_from_db()  # the claim was rolled back
        raise
    return campaign


def pause_campaign(campaign: Campaign, by: User | None = None) -> Campaign:
    """Send nothing more until it is resumed; a mail that is on the wire is finished. Raises WrongState."""
    with transaction.atomic():
        move(campaign, "pause")
        note(campaign, "paused", "Paused the campaign.", by=by)
    return campaign


def resume_campaign(campaign: Campaign, by: User | None = None) -> Campaign:
    """Go on with a paused campaign; raises WrongState."""
    with transaction.atomic():
        move(campaign, "resume")
        note(campaign, "resumed", "Resumed the campaign.", by=by)
        engine.signal_work(campaign)
    return campaign


def stop_campaign(campaign: Campaign, by: User | None = None) -> Campaign:
    """End a campaign for good: what is planned is skipped, its leads' sequences stop. Raises WrongState."""
    with transaction.atomic():
        move(campaign, "stop", finished_at=timezone.now())
        Message.objects.filter(campaign=campaign, state=MessageState.PLANNED).update(
            state=MessageState.SKIPPED, error="The campaign was stopped."
        )
        Enrollment.objects.filter(campaign=campaign, state__in=GOING).update(
            state=EnrollmentState.STOPPED, reason="The campaign was stopped.", due_at=None
        )
        note(campaign, "stopped", "Stopped the campaign.", by=by)
    return campaign


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
        if stored.state not in AT_REST:
            raise WrongState(f"This campaign is {stored.state}: stop it before you delete it.")
        if Message.objects.filter(campaign=campaign, state=MessageState.SENDING).exists():
            raise WrongState("A mail of this campaign is on its way right now; try again in a few seconds.")
        with connection.cursor() as cursor:
            for statement in DELETE_ROWS:
                cursor.execute(statement, {"campaign": campaign.pk, "organisation": campaign.organisation_id})
        stored.delete()
