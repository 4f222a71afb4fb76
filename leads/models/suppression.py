"""Who is never mailed again."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Concat, Lower
from django.utils import timezone

from accounts.models import Organisation, User
from leads.domains import in_letters

# What an entry is found and sorted by: a domain or an address, whichever it has.
NAME = Lower(Concat("domain", "address"))


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

    # Without an index of its own: those below begin with it.
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="suppressions", db_index=False
    )
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
            models.Index("organisation", NAME, "id", name="suppression_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'an address that is not kept'} ({self.reason})"

    @property
    def name(self) -> str:
        """The domain or address as people write it; empty where only its hash is kept."""
        return in_letters(self.domain) if self.domain else self.address


class SuppressionFile(models.Model):
    """A file of addresses and domains on its way onto the suppression list. The upload goes at its end (promise p17)."""

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="suppression_files")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    file_name = models.CharField(max_length=300, help_text="As the user's file was called.")
    file = models.CharField(max_length=300, blank=True, help_text="Path below MEDIA_ROOT; empty once deleted.")
    size = models.BigIntegerField(help_text="Bytes.")
    encoding = models.CharField(max_length=20)
    separator = models.CharField(max_length=1)
    sheet = models.CharField(max_length=200, blank=True)
    header_line = models.PositiveIntegerField(help_text="Line of the column names; 0 where there are none.")
    header = models.JSONField(default=list)
    column = models.PositiveSmallIntegerField(help_text="Which column holds the entries, counted from 0.")
    reason_column = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=15, choices=SuppressionReason, help_text="Where the row says none.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    position = models.BigIntegerField(default=0, help_text="Bytes read so far.")
    rows = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=list, help_text="The first of them: line and reason, and nothing of the row.")
    detail = models.CharField(max_length=300, blank=True, help_text="Why it failed, in words.")
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-id"], name="suppression_file_newest")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def known(self) -> int:
        """Rows about what was suppressed already."""
        return self.rows - self.added - self.refused
