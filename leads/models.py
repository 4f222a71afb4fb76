"""Contacts, their lists, imports and suppression."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone

from accounts.models import Organisation, User
from leads.terms import WORDS, Terms

# What a lead is sorted by: the last name, the first where there is no other; the nameless have the last character there is.
# Never NULL, so that a page can begin behind any row by one comparison (leads.paging).
NAMELESS = "\U0010ffff"
NAME_SORTED = Coalesce(
    NullIf(Lower("last_name"), models.Value("")), NullIf(Lower("first_name"), models.Value("")), models.Value(NAMELESS)
)


class LeadManager(models.Manager["Lead"]):
    def get_queryset(self) -> models.QuerySet[Lead]:
        return super().get_queryset().defer("terms")  # for the database alone


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
    flags = ArrayField(
        models.CharField(max_length=20), default=list, db_default=[], blank=True, help_text="See leads.flags."
    )
    source = models.CharField(max_length=300, blank=True, help_text="Where the data came from (GDPR Art. 14).")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    terms = models.GeneratedField(
        expression=Terms("organisation", WORDS), output_field=SearchVectorField(), db_persist=True
    )

    objects = LeadManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "email_key"], name="lead_once")]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="lead_newest"),
            # The orders of the table (leads.search.SORTS).
            models.Index("organisation", NAME_SORTED, Lower("first_name"), "id", name="lead_by_name"),
            models.Index("organisation", Lower("company"), "id", name="lead_by_company"),
            models.Index(fields=["organisation", "digest"], name="lead_by_digest"),
            GinIndex(fields=["tags"], name="lead_tags"),
            # What was written lately is looked through by each search, so there must not be much of it.
            GinIndex(fields=["terms"], name="lead_terms", gin_pending_list_limit=512),
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


class FieldKind(models.TextChoices):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"


class CustomField(models.Model):
    """What a custom field holds. Values stay text in `Lead.fields`; a name without a definition is text."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="custom_fields")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=FieldKind, default=FieldKind.TEXT)
    choices = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="custom_field_once")]

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """A saved filter over leads; who is in it is found anew each time (`leads.segments`)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=200)
    rules = models.JSONField(default=dict, help_text="As leads.segments.rules reads them.")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="segment_once")]

    def __str__(self) -> str:
        return self.name


class BulkState(models.TextChoices):
    """A bulk action waits for a worker, runs, ends; one that was taken back goes the same way the other way round."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


class BulkAction(models.Model):
    """One thing done with many leads (`leads.bulk`): what, with whom, how far it is."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="bulk_actions")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=20)
    value = models.CharField(max_length=200, blank=True, help_text="The tag, the list's name, the field.")
    new_value = models.CharField(max_length=200, blank=True, help_text="What it becomes, where it is renamed.")
    target_list = models.ForeignKey(LeadList, null=True, on_delete=models.SET_NULL, related_name="+")
    search = models.JSONField(default=dict, help_text='The filter, as the query of a URL; or {"ids": […]}.')
    newest = models.BigIntegerField(help_text="Leads that came after this one are not meant.")
    columns = models.JSONField(default=list, help_text="Of an export.")
    file = models.CharField(max_length=300, blank=True, help_text="Of an export: path below MEDIA_ROOT.")
    back = models.CharField(max_length=500, blank=True, help_text="The page it was begun on.")
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.PENDING)
    total = models.PositiveIntegerField(null=True, help_text="Leads meant; null until they are counted.")
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0, help_text="Of those: for how many it made a difference.")
    position = models.BigIntegerField(default=0, help_text="The last lead that is done with.")
    detail = models.CharField(max_length=300, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-id"], name="bulk_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.value}".strip()


class BulkTarget(models.Model):
    """A lead that a bulk action is about: fixed when it begins, kept for as long as it may be taken back."""

    pk = models.CompositePrimaryKey("bulk", "lead_id")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    bulk = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="targets", db_index=False)
    lead_id = models.BigIntegerField()
    changed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"lead {self.lead_id} of {self.bulk_id}"
