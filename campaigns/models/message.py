"""Each mail, and what became of it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation
from campaigns.models.campaign import Campaign
from campaigns.models.enrollment import Enrollment
from campaigns.models.sequence import Step, Variant
from leads.models import Lead
from senders.models import Sender


class MessageState(models.TextChoices):
    """See campaigns.engine for who moves a message from which state to which."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


# Given to a server, or being given to it now, so far as can be known.
GONE_OUT = (MessageState.SENDING, MessageState.SENT, MessageState.UNKNOWN)


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
    # Null while its lead is paused.
    due_at = models.DateTimeField(null=True, default=timezone.now)
    # The first mail to its lead: follow-ups go before it.
    fresh = models.BooleanField(default=True, db_default=True)
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
                fields=["sender", "campaign", "fresh", "due_at", "id"],
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
