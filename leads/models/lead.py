"""A person that an organisation writes to."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone

from accounts.models import Organisation
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
