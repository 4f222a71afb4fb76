"""Files on their way into the leads, and what became of their rows."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User
from leads.models.lists import LeadList


class ImportState(models.TextChoices):
    """An import waits for its mapping to be confirmed, then for a worker, runs, and ends; what has ended can be undone.

    While a worker looks through a large draft for problems, it is being checked, and then a draft again.
    """

    DRAFT = "draft"
    CHECKING = "checking"
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


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
    sheet = models.CharField(max_length=200, blank=True, help_text="Which sheet of a workbook.")
    sheets = models.JSONField(default=list, help_text="The names of a workbook's sheets that hold anything.")
    header_line = models.PositiveIntegerField(default=1, help_text="Line of the column names; 0 where there are none.")
    mapping = models.JSONField(default=dict, help_text="Header → field name; headers that are absent are left out.")
    list_name = models.CharField(max_length=200, blank=True, help_text="The list to make or find when it starts.")
    made_list = models.BooleanField(default=False, help_text="Whether it made that list.")
    findings = models.JSONField(null=True, help_text="Of a draft: what a check of the whole file found.")
    on_duplicate = models.CharField(max_length=10, default="update", choices=[("update", "Update"), ("skip", "Skip")])
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.DRAFT)
    position = models.BigIntegerField(default=0, help_text="Bytes read so far, for the progress bar.")
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0, help_text="Rows about somebody whom an earlier row named.")
    suppressed = models.PositiveIntegerField(default=0, help_text="Rows about somebody who is a lead and gets no mail.")
    undone = models.PositiveIntegerField(default=0, help_text="Leads for which it was taken back.")
    kept = models.PositiveIntegerField(default=0, help_text="Leads that taking it back left as they are.")
    header = models.JSONField(default=list, help_text="The file's own columns, for the CSV of rejected rows.")
    detail = models.CharField(max_length=1000, blank=True, help_text="Why it failed, in words.")
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker took it without progress.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return self.file_name


class ImportedLead(models.Model):
    """A lead that an import made or met: what taking it back needs, kept for as long as that may be done."""

    pk = models.CompositePrimaryKey("source", "lead_id")
    # Written a million at a time, each row with its import in one transaction: no check of each for a match.
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    source = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="imported_leads", db_index=False, db_constraint=False
    )
    lead_id = models.BigIntegerField()
    created = models.BooleanField()
    listed = models.BooleanField(default=False, help_text="Whether the import put it on its list.")
    written_at = models.DateTimeField(
        null=True, help_text="Lead.updated_at as the import left it; null: it left it alone."
    )
    former = models.JSONField(null=True, help_text="The values that it replaced.")

    def __str__(self) -> str:
        return f"lead {self.lead_id} of import {self.source_id}"


class RememberedMapping(models.Model):
    """How an organisation mapped a file with these column names the last time."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    headers = models.BinaryField(max_length=32, help_text="Digest of the column names, in any order.")
    mapping = models.JSONField(default=dict, help_text="As in Import.")
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "headers"], name="remembered_mapping_once")]

    def __str__(self) -> str:
        return f"mapping of {len(self.mapping)} columns"


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
