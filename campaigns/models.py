"""Campaigns, their steps, who is in them, and each mail they send."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User
from leads.models import Lead, LeadList
from senders.models import Sender


class CampaignState(models.TextChoices):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"


class Campaign(models.Model):
    """A sequence, its audience and its senders."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="campaigns")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    senders = models.ManyToManyField(Sender, related_name="campaigns", blank=True)
    lists = models.ManyToManyField(LeadList, related_name="campaigns", blank=True)
    track_opens = models.BooleanField(default=True)
    track_clicks = models.BooleanField(default=True)
    window = models.JSONField(null=True, blank=True, help_text="As Sender.window.")
    time_zone = models.CharField(max_length=64, default="UTC")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-id"], name="campaign_newest"),
            models.Index(fields=["state"], name="campaign_running", condition=models.Q(state="running")),
            # Those that ended lately, which each tick looks at once more (engine.closing).
            models.Index(
                fields=["finished_at"], name="campaign_ended", condition=models.Q(state__in=["finished", "stopped"])
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """One mail of a sequence; what it says stands in its variants."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=1)
    delay_hours = models.FloatField(default=0, help_text="After the step before was sent.")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["campaign", "position"], name="step_once")]

    def __str__(self) -> str:
        return f"step {self.position}"


class Variant(models.Model):
    """A wording of a step, as Liquid templates."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=20, default="A")
    weight = models.PositiveSmallIntegerField(default=1)
    subject = models.CharField(max_length=500, blank=True)
    body_html = models.TextField(blank=True)
    body_text = models.TextField(blank=True, help_text="Derived from the HTML where it is empty.")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["step", "name"], name="variant_once")]

    def __str__(self) -> str:
        return self.name


class EnrollmentState(models.TextChoices):
    ACTIVE = "active"
    FINISHED = "finished"
    STOPPED = "stopped"


class Enrollment(models.Model):
    """One lead in one campaign: where it stands in the sequence, and the mailbox its conversation stays in."""

    # Without indexes of their own: those below begin with them, or (an organisation's) nobody asks by it, and each one
    # costs two writes for every mail.
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    sender = models.ForeignKey(Sender, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=EnrollmentState, default=EnrollmentState.ACTIVE)
    reason = models.CharField(max_length=100, blank=True, help_text="Why it stopped.")
    next_position = models.PositiveSmallIntegerField(default=1)
    # When the next step becomes a message; null while one is on its way or nothing is left to plan.
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "lead"], name="enrollment_once")]
        indexes = [
            models.Index(
                fields=["campaign", "due_at"],
                name="enrollment_due",
                condition=models.Q(state="active", due_at__isnull=False),
            ),
            models.Index(fields=["lead"], name="enrollment_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.campaign_id}"


class MessageState(models.TextChoices):
    """See campaigns.engine for who moves a message from which state to which."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Message(models.Model):
    """One mail to one lead: one row, one state."""

    # As in Enrollment, for these and the lead.
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="messages", db_index=False)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="messages", db_index=False)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="messages")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="messages")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="messages", db_index=False)
    sender = models.ForeignKey(Sender, null=True, on_delete=models.SET_NULL, related_name="messages")
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.PLANNED)
    # Fixed when the row is made, before the first attempt, and never changed (RFC 5322 3.6.4), without the brackets.
    message_id = models.CharField(max_length=255)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, help_text="The drain that claimed it.")
    offered_at = models.DateTimeField(null=True, help_text="When it was about to be given to the server.")
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)
    provider_id = models.CharField(max_length=255, blank=True)
    # The first time each happened by a person, and by a machine.
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)
    machine_opened_at = models.DateTimeField(null=True)
    machine_clicked_at = models.DateTimeField(null=True)
    # When a planned one goes, or what it waits for, in words (campaigns.waiting); no column.
    expected: str = ""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrollment", "step"], name="message_once")]
        # `offered_at` stands in none of them, so that an offer touches no index (PostgreSQL manual 66.7: heap-only tuples).
        indexes = [
            # By campaign, so that what a paused one holds back does not lie before the others' (engine.claim).
            models.Index(
                fields=["sender", "campaign", "due_at", "id"],
                name="message_planned",
                condition=models.Q(state="planned"),
            ),
            models.Index(fields=["sender"], name="message_in_flight", condition=models.Q(state="sending")),
            models.Index(fields=["sender", "sent_at"], name="message_sent_by", condition=models.Q(state="sent")),
            models.Index(fields=["organisation", "sent_at"], name="message_sent_in", condition=models.Q(state="sent")),
            # What counts against a sender's day, or its health, without having been sent.
            models.Index(fields=["sender"], name="message_unknown", condition=models.Q(state="unknown")),
            models.Index(
                fields=["sender", "bounced_at"],
                name="message_refused",
                condition=models.Q(state="failed", bounced_at__isnull=False),
            ),
            models.Index(fields=["campaign", "state", "id"], name="message_of_campaign"),
            models.Index(fields=["lead"], name="message_of_lead"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} ({self.state})"
