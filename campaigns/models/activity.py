"""What was done with a campaign, by people and by itself."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns.models.campaign import Campaign
from leads.models import Lead


class Activity(models.Model):
    """One thing that a person did with a campaign, or that eCRM decided, with its reason."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="activities", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Who did it; null: eCRM did."
    )
    automatic = models.BooleanField(default=False)
    kind = models.CharField(max_length=20)
    # Whom it is about. Their address stands nowhere else, so that an erased lead's is gone from here too.
    lead = models.ForeignKey(Lead, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.CharField(max_length=500)

    class Meta:
        indexes = [models.Index(fields=["campaign", "-id"], name="activity_newest")]

    def __str__(self) -> str:
        return self.text
