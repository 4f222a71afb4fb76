"""Connected mailboxes."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User


class Kind(models.TextChoices):
    SMTP = "smtp", "SMTP"
    GMAIL = "gmail", "Gmail"
    OUTLOOK = "outlook", "Outlook"


class Security(models.TextChoices):
    NONE = "none", "None"
    STARTTLS = "starttls", "STARTTLS"
    TLS = "tls", "TLS"


class SenderState(models.TextChoices):
    """Active senders send; paused ones rest by choice; disconnected ones wait for a person to reconnect them."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"


class Sender(models.Model):
    """A mailbox that campaigns are sent through. Its secret is readable by `senders.vault` alone."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="senders")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SMTP)
    name = models.CharField("display name", max_length=200, help_text="Recipients see it as the sender.")
    address = models.EmailField("email address", max_length=254)
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(max_length=10, choices=Security, default=Security.STARTTLS)
    username = models.CharField(max_length=254, blank=True)
    secret = models.BinaryField(null=True, editable=False, help_text="Ciphertext; see senders/vault.py.")

    daily_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Mails per 24 hours; empty: no limit.")
    gap_seconds = models.FloatField(default=0, help_text="Pause between two mails, in seconds.")
    # {"days": [0..6, Monday first], "start": "HH:MM", "end": "HH:MM", "time_zone": "Europe/Berlin"}; null: any time.
    window = models.JSONField(null=True, blank=True)

    state = models.CharField(max_length=15, choices=SenderState, default=SenderState.ACTIVE)
    state_reason = models.CharField(max_length=500, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    last_error_at = models.DateTimeField(null=True)
    # Nothing is sent before this time: the gap between mails, or what the server asked us to wait.
    next_slot_at = models.DateTimeField(default=timezone.now)

    # One drain at a time: whoever holds an unexpired lease (campaigns.engine) may send.
    lease = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "address", "kind", "host"], name="sender_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"
