"""Who is in a campaign, and where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from accounts.models import Organisation
from campaigns.models.campaign import Campaign
from leads.models import Lead
from senders.models import Sender

if TYPE_CHECKING:
    from campaigns.models.message import Message


class EnrollmentState(models.TextChoices):
    ACTIVE = "active"
    PAUSED = "paused"  # by a person; what is planned for it has no time (Message.due_at)
    FINISHED = "finished"
    STOPPED = "stopped"


# Those whose sequence can still go on.
GOING = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)


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
    # For the table of a campaign's leads (campaigns.views.enrolled); no columns.
    message: Message | None = None
    actions: Sequence[str] = ()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "lead"], name="enrollment_once")]
        indexes = [
            models.Index(
                # By step, so that follow-ups do not lie behind a million new leads (engine.plan).
                fields=["campaign", "next_position", "due_at"],
                name="enrollment_due",
                condition=models.Q(state="active", due_at__isnull=False),
            ),
            models.Index(fields=["campaign"], name="enrollment_paused", condition=models.Q(state="paused")),
            models.Index(fields=["lead"], name="enrollment_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.campaign_id}"
