"""Who is never mailed again."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User


class SuppressionReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


class Suppression(models.Model):
    """An address, or a whole domain, that is never mailed again. `digest` is a keyed hash (leads.suppression), so that an
    erased person stays suppressed without the address being kept; `address` is empty for them, and for a lead's former
    addresses. A domain stands in `domain`, and covers those below it; it has no address."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="suppressions")
    digest = models.BinaryField(max_length=32)
    address = models.CharField(max_length=320, blank=True)
    domain = models.CharField(max_length=255, blank=True, default="", db_default="")
    reason = models.CharField(max_length=15, choices=SuppressionReason, default=SuppressionReason.MANUAL)
    source = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "digest"], name="suppression_once")]
        indexes = [
            # What each mail that is sent is held against (leads.mailable): so none but the domains.
            models.Index(fields=["organisation", "domain"], name="suppression_domains", condition=~models.Q(domain="")),
            models.Index(fields=["organisation", "-id"], name="suppression_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.domain or self.address or 'an address that is not kept'} ({self.reason})"
