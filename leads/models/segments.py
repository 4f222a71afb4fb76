"""What leads are told apart by: custom fields, and saved filters."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User


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
