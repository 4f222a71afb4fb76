"""One thing done with many leads."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Organisation, User
from leads.models.lists import LeadList


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
