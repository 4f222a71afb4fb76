"""Contacts, their lists, imports and suppression."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone

from accounts.models import Organisation, User

# What a lead is sorted by: the last name, the first where there is no other, and nothing (NULL, so last) for the nameless.
NAME_SORTED = Coalesce(NullIf(Lower("last_name"), models.Value("")), NullIf(Lower("first_name"), models.Value("")))


class Lead(models.Model):
    """A person that an organisation writes to. `email_key` is the normalised address, unique per organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="leads")
    email = models.CharField(max_length=320)
    email_key = models.CharField(max_length=320, editable=False)
    # leads.suppression.digest(email_key): joins with Suppression.digest in set-based statements.
    digest = models.BinaryField(max_length=32, editable=False)
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=300, blank=True)
    title = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    fields = models.JSONField(default=dict, blank=True, help_text="Custom fields: name → text.")
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="Where the data came from (GDPR Art. 14).")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "email_key"], name="lead_once")]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="lead_newest"),
            # The orders of the table (leads.search.SORTS).
            models.Index("organisation", NAME_SORTED, Lower("first_name"), "id", name="lead_by_name"),
            models.Index("organisation", Lower("company"), "id", name="lead_by_company"),
            models.Index(fields=["organisation", "digest"], name="lead_by_digest"),
            GinIndex(fields=["tags"], name="lead_tags"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class FormerAddress(models.Model):
    """An address that a lead had: mails that went there still lead to its unsubscribe link. Kept as a digest alone."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="former_addresses", db_index=False)
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lead", "digest"], name="former_address_once")]

    def __str__(self) -> str:
        return f"a former address of lead {self.lead_id}"


class LeadList(models.Model):
    """A named set of leads."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="lists")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    leads = models.ManyToManyField(Lead, through="ListEntry", related_name="lists")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="list_once")]

    def __str__(self) -> str:
        return self.name


class ListEntry(models.Model):
    lead_list = models.ForeignKey(LeadList, on_delete=models.CASCADE, related_name="entries")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="entries")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lead_list", "lead"], name="list_entry_once")]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.lead_list_id}"


class ImportState(models.TextChoices):
    """An import waits for its mapping to be confirmed, then for a worker, runs, and ends."""

    DRAFT = "draft"
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Import(models.Model):
    """One uploaded file on its way into the leads. The upload goes as soon as the import ends (promise p17)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="imports")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    target_list = models.ForeignKey(LeadList, null=True, blank=True, on_delete=models.SET_NULL)
    file_name = models.CharField(max_length=300, help_text="As the user's file was called.")
    file = models.CharField(max_length=300, blank=True, help_text="Path below MEDIA_ROOT; empty once deleted.")
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    encoding = models.CharField(max_length=20, default="utf-8", help_text="As Python's codecs are called.")
    separator = models.CharField(max_length=1, default=",")
    header_line = models.PositiveIntegerField(default=1, help_text="Line of the column names; 0 where there are none.")
    mapping = models.JSONField(default=dict, help_text="Header → field name; headers that are absent are left out.")
    list_name = models.CharField(max_length=200, blank=True, help_text="The list to make or find when it starts.")
    on_duplicate = models.CharField(max_length=10, default="update", choices=[("update", "Update"), ("skip", "Skip")])
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.DRAFT)
    position = models.BigIntegerField(default=0, help_text="Bytes read so far, for the progress bar.")
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    header = models.JSONField(default=list, help_text="The file's own columns, for the CSV of rejected rows.")
    detail = models.CharField(max_length=1000, blank=True, help_text="Why it failed, in words.")
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker took it without progress.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return self.file_name


class RejectedRow(models.Model):
    """A row of an import that became no lead, as it was, and why."""

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejected_rows")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    line = models.PositiveIntegerField(help_text="Line number in the file, counted from 1.")
    reason = models.CharField(max_length=300)
    cells = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["source", "line"], name="rejected_by_line")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


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
