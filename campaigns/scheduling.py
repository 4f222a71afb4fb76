"""Campaigns that start by themselves at their time, and those that are put away."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from campaigns.activity import note
from campaigns.errors import BadValue, CampaignError, NotReady, WrongState
from campaigns.models import AT_REST, Activity, Campaign, CampaignState
from campaigns.services import move, refuse_unready, start_campaign
from campaigns.stored import refresh


def schedule_campaign(campaign: Campaign, start_at: datetime, by: User) -> Campaign:
    """Let a draft start at `start_at` (aware), or a scheduled one at another time. It must be ready now, and is checked once
    more then. Raises BadValue for a time that is over, WrongState and NotReady.
    """
    if start_at <= timezone.now():
        raise BadValue("start_at", "Choose a time that is still to come, or start it now.")
    try:
        with transaction.atomic():
            move(campaign, "schedule", start_at=start_at)
            refuse_unready(campaign)
            note(campaign, "scheduled", f"Scheduled the start for {start_at.isoformat(timespec='minutes')}.", by=by)
    except NotReady:
        campaign.refresh_from_db()
        raise
    return campaign


def unschedule_campaign(campaign: Campaign, by: User) -> Campaign:
    """Make a scheduled campaign a draft again; raises WrongState."""
    with transaction.atomic():
        move(campaign, "unschedule")
        note(campaign, "unscheduled", "Took the campaign off the schedule.", by=by)
    return campaign


def start_due() -> int:
    """Start the scheduled campaigns whose time has come; returns how many started. One that is not ready any more becomes a
    draft again, with the reason in its log, and whoever scheduled it is told.
    """
    due = Campaign.objects.filter(state=CampaignState.SCHEDULED, start_at__lte=timezone.now())
    started = 0
    for campaign in due.select_related("organisation").order_by("start_at")[:20]:
        try:
            start_campaign(campaign, None)
            started += 1
        except NotReady as error:
            send_back(campaign, str(error))
        except CampaignError:  # somebody was faster
            continue
    return started


def send_back(campaign: Campaign, reason: str) -> None:
    """Make it a draft again, say why in its log, and have whoever scheduled it told."""
    from campaigns.tasks import tell_not_started

    with transaction.atomic():
        move(campaign, "unschedule")
        entry = note(campaign, "not_started", f"It did not start at its time. {reason}")
        # The relay must not hold up the tick; without Redis the log alone tells.
        transaction.on_commit(lambda: tell_not_started.apply_async((entry.pk,), retry=False), robust=True)


def tell_scheduler(entry: Activity) -> bool:
    """Write to whoever scheduled the campaign of this entry that it did not start; whether there is anybody. Raises OSError and
    SMTPException where the relay is away.
    """
    campaign = entry.campaign
    scheduled = campaign.activities.filter(kind="scheduled", user__isnull=False).order_by("-pk").first()
    person = scheduled.user if scheduled else campaign.created_by
    if person is None:
        return False
    page = reverse("campaign", kwargs={"org": campaign.organisation.slug, "pk": campaign.pk})
    text = f"{entry.text}\n\nMend it, and start or schedule it again:\n{settings.PUBLIC_URL}{page}\n"
    EmailMessage(f"“{campaign.name}” did not start", text, to=[person.email]).send()
    return True


def archive_campaign(campaign: Campaign, by: User) -> Campaign:
    """Put an ended campaign or a draft out of the way; raises WrongState."""
    won = Campaign.objects.filter(pk=campaign.pk, state__in=AT_REST, archived_at=None).update(
        archived_at=timezone.now()
    )
    refresh(campaign)
    if not won and campaign.archived_at is None:
        raise WrongState(f"This campaign is {campaign.state}: stop it before you archive it.")
    if won:
        note(campaign, "archived", "Archived the campaign.", by=by)
    return campaign


def unarchive_campaign(campaign: Campaign, by: User) -> Campaign:
    """Bring it back into the list."""
    if Campaign.objects.filter(pk=campaign.pk, archived_at__isnull=False).update(archived_at=None):
        note(campaign, "unarchived", "Brought the campaign back.", by=by)
    refresh(campaign)
    return campaign
