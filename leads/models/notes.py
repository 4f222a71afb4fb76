"""What people of an organisation write down about a lead."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User
from leads.models.lead import Lead


class Note(models.Model):
    """A note about a lead; it goes with the lead."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:60]
