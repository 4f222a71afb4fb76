"""Campaigns: whom they reach, through whom, when, and how much a day."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User
from leads.models import LeadList, Segment
from senders.models import Sender


class CampaignState(models.TextChoices):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"


# Those that are over; and those of which nothing is sent any more, or not yet.
ENDED = frozenset({CampaignState.FINISHED, CampaignState.STOPPED})
AT_REST = ENDED | {CampaignState.DRAFT}


class Priority(models.IntegerChoices):
    """Whose mails go first where campaigns share a sender."""

    HIGH = 1
    NORMAL = 2
    LOW = 3


class Campaign(models.Model):
    """A sequence, its audience and its senders."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="campaigns")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    senders = models.ManyToManyField(Sender, related_name="campaigns", blank=True)
    lists = models.ManyToManyField(LeadList, related_name="campaigns", blank=True)
    # The audience: who is on a list or in a segment, and in none of those that are left out.
    segments = models.ManyToManyField(Segment, related_name="campaigns", blank=True)
    excluded_lists = models.ManyToManyField(LeadList, related_name="excluded_by", blank=True)
    excluded_segments = models.ManyToManyField(Segment, related_name="excluded_by", blank=True)
    grows = models.BooleanField(default=False, help_text="Who comes into the audience while it runs is enrolled too.")
    skip_busy = models.BooleanField(default=False, help_text="Leave out who is in another running campaign.")
    # What ends a lead's sequence besides a reply, an unsubscribe, a bounce and a complaint.
    stop_on_click = models.BooleanField(default=False)
    stop_company = models.BooleanField(
        default=False, help_text="A reply or an unsubscribe ends it for the whole company."
    )
    wait_for_fields = models.BooleanField(
        default=False, help_text="A lead without a merge field waits until it has it; otherwise its mail fails."
    )
    hand_over = models.BooleanField(
        default=False, help_text="New leads of a sender that drops out go to the others; otherwise they wait."
    )
    track_opens = models.BooleanField(default=True)
    track_clicks = models.BooleanField(default=True)
    window = models.JSONField(null=True, blank=True, help_text="As Sender.window.")
    time_zone = models.CharField(max_length=64, default="UTC")
    start_at = models.DateTimeField(null=True, blank=True, help_text="When a scheduled one starts.")
    # Mails a day, of the campaign's time zone; null: no limit of its own.
    daily_cap = models.PositiveIntegerField(null=True, blank=True)
    daily_new = models.PositiveIntegerField(null=True, blank=True, help_text="Of these, first mails to new leads.")
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    # Counts the edits, so that of two people who edit at once the second is told.
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True, help_text="Out of the way; only an ended one or a draft can be.")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-id"], name="campaign_newest"),
            models.Index(fields=["state"], name="campaign_running", condition=models.Q(state="running")),
            models.Index(fields=["start_at"], name="campaign_scheduled", condition=models.Q(state="scheduled")),
            # Those that ended lately, which each tick looks at once more (engine.closing).
            models.Index(
                fields=["finished_at"], name="campaign_ended", condition=models.Q(state__in=["finished", "stopped"])
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CampaignDay(models.Model):
    """What a campaign with a daily limit planned on one day of its time zone. `carried` was planned before and had not
    gone out when the day began: it may all go on this day, and counts.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    carried = models.PositiveIntegerField(default=0)
    carried_new = models.PositiveIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)
    planned_new = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "day"], name="campaign_day_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} on {self.day}"
