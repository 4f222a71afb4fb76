"""Who is never mailed again."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation


class SuppressionReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


class Suppression(models.Model):
    """An address that is never mailed again. `digest` is a keyed hash (leads.suppression), so that an erased person
    stays suppressed without the address being kept; `address` is empty for them, and for a lead's former addresses."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="suppressions")
    digest = models.BinaryField(max_length=32)
    address = models.CharField(max_length=320, blank=True)
    reason = models.CharField(max_length=15, choices=SuppressionReason, default=SuppressionReason.MANUAL)
    source = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "digest"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.address or 'an address that is not kept'} ({self.reason})"
