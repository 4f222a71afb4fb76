"""Named sets of leads."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation
from leads.models.lead import Lead


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
    # Without an index of its own, nor the organisation: where PostgreSQL thinks that a list is short, since it grew this very
    # minute, it would walk over all of it once for each lead, and `list_entry_once` finds the one entry.
    lead_list = models.ForeignKey(LeadList, on_delete=models.CASCADE, related_name="entries", db_index=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="entries")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lead_list", "lead"], name="list_entry_once")]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.lead_list_id}"
