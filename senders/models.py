"""Connected mailboxes."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User
from senders.addresses import LONGEST, validate_address


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
    address = models.CharField("email address", max_length=LONGEST, validators=[validate_address])
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(max_length=10, choices=Security, default=Security.STARTTLS)
    username = models.CharField(max_length=254, blank=True)
    secret = models.BinaryField(null=True, editable=False, help_text="Ciphertext; see senders/vault.py.")

    reply_address = models.CharField(
        max_length=LONGEST, blank=True, validators=[validate_address], help_text="Reply-To; empty: the address itself."
    )
    signature = models.TextField(max_length=2000, blank=True, help_text="Plain text above the footer of every mail.")

    # What it may send (senders.limits works out what that comes to today).
    daily_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Mails per 24 hours; empty: no limit.")
    connections = models.PositiveSmallIntegerField(
        default=1, help_text="Open at once over SMTP; with a pause between mails it is one."
    )
    gap_seconds = models.FloatField(default=0, help_text="Pause between two mails, in seconds, give or take a fifth.")
    # As senders.window has it; null: any time.
    window = models.JSONField(null=True, blank=True)

    # A fresh mailbox warms up: `ramp_start` mails on its first day of sending, `ramp_step` more on each further one, at the
    # most `ramp_ceiling`. Null: no ramp-up.
    ramp_start = models.PositiveIntegerField(null=True, blank=True)
    ramp_step = models.PositiveIntegerField(null=True, blank=True)
    ramp_ceiling = models.PositiveIntegerField(null=True, blank=True)
    ramp_started_at = models.DateTimeField(null=True, editable=False)

    # Percent of the last 200 mails; above it the sender pauses by itself (senders.health). Null: never.
    bounce_limit = models.FloatField(null=True, blank=True, default=5.0)
    complaint_limit = models.FloatField(null=True, blank=True, default=0.3)
    # When it paused by itself, while it is; and since when mails count for its health (a person resumed it then).
    held_at = models.DateTimeField(null=True, editable=False)
    health_since = models.DateTimeField(null=True, editable=False)
    dkim_selector = models.CharField("DKIM selector", max_length=100, blank=True)

    state = models.CharField(max_length=15, choices=SenderState, default=SenderState.ACTIVE)
    state_reason = models.CharField(max_length=500, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    last_error_at = models.DateTimeField(null=True)
    # What the last check of its connection came to (senders.check); null: none since what it connects with was changed.
    checked_at = models.DateTimeField(null=True, editable=False)
    check_ok = models.BooleanField(null=True, editable=False)
    check_detail = models.CharField(max_length=500, blank=True, editable=False, help_text="Why it failed.")
    # What DNS said of its domain at the last look (senders.dns_check.look_at_domain), for whoever cannot wait for DNS.
    dns = models.JSONField(default=list, blank=True, editable=False)
    # The owners are to be told by mail that it stopped by itself (senders.notices).
    notice_due = models.BooleanField(default=False, editable=False)
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
        indexes = [models.Index(fields=["id"], name="sender_notice_due", condition=models.Q(notice_due=True))]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"

    @property
    def is_untried(self) -> bool:
        """Nobody has checked yet whether it can be connected to; Gmail and Outlook are, by connecting them."""
        return self.kind == Kind.SMTP and self.checked_at is None

    @property
    def check_failed(self) -> bool:
        return self.check_ok is False


class SendingError(models.Model):
    """What went wrong with a sender as a whole, in words; the last few are kept (senders.errors)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    sender = models.ForeignKey(Sender, on_delete=models.CASCADE, related_name="errors")
    at = models.DateTimeField(default=timezone.now, help_text="The last time.")
    times = models.PositiveIntegerField(default=1, help_text="How often in a row.")
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["sender", "-at"], name="error_of_sender")]

    def __str__(self) -> str:
        return self.reason


class Grant(models.Model):
    """What a person allowed us at Google or Microsoft: the tokens of an OAuth sender (senders.connecting.grants).

    A table of its own, so that its row can be locked while a token is renewed over the network: a lock on the sender's
    would hold up the engine, which writes there all the time.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    sender = models.OneToOneField(Sender, on_delete=models.CASCADE, related_name="grant")
    secret = models.BinaryField(editable=False, help_text="Both tokens, as ciphertext; see senders/vault.py.")
    scopes = models.TextField(help_text="What was allowed, separated by blanks.")
    expires_at = models.DateTimeField(help_text="When the access token ends; the refresh token has no known end.")
    granted_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"grant of sender {self.sender_id}"


class ConnectAttempt(models.Model):
    """Somebody who was sent to a provider's consent page and is expected back: used once, and only by them."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10, choices=Kind)
    sender = models.ForeignKey(Sender, null=True, on_delete=models.CASCADE, help_text="The one to reconnect, if any.")
    digest = models.BinaryField(unique=True, help_text="SHA-256 of the state parameter (RFC 6749 10.12).")
    # Ciphertext too, of what the answer is checked against (PKCE verifier, nonce); it is worthless after ten minutes, so
    # that a rotation of keys leaves it alone.
    memory = models.BinaryField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} by {self.user_id}"
