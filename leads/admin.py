"""What operators see of leads, lists, imports and suppressions: to help, not to change. Erasing is the members' own."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ecrm.admin import LookOnly
from leads.lists import with_counts
from leads.models import BulkAction, Import, Lead, LeadList, Segment, Suppression, SuppressionReason

# Beginnings and whole slugs, no words in the middle: the tables are long, and every customer's rows stand in them.
BY_ORGANISATION = "=organisation__slug"


@admin.register(Lead)
class LeadAdmin(LookOnly[Lead]):
    list_display = ("email", "full_name", "company", "organisation", "source", "created_at")
    list_filter = ("created_at",)
    search_fields = ("^email_key", BY_ORGANISATION)
    list_select_related = ("organisation",)
    ordering = ("-pk",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("organisation", "email", "first_name", "last_name", "company", "title", "phone")}),
        ("More", {"fields": ("fields", "tags")}),
        ("Origin", {"fields": ("source", "created_at", "updated_at")}),
    )


@admin.register(LeadList)
class LeadListAdmin(LookOnly[LeadList]):
    list_display = ("name", "organisation", "leads_count", "created_at")
    list_filter = ("created_at",)
    search_fields = ("name", BY_ORGANISATION)
    list_select_related = ("organisation",)
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("organisation", "name", "leads_count", "created_at")
    readonly_fields = ("leads_count",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LeadList]:
        return with_counts(super().get_queryset(request))

    @admin.display(description="leads")
    def leads_count(self, chosen: Any) -> int:
        return int(chosen.size)


@admin.register(Import)
class ImportAdmin(LookOnly[Import]):
    list_display = (
        "file_name",
        "organisation",
        "state",
        "rows",
        "created",
        "updated",
        "skipped",
        "rejected",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "created_at")
    search_fields = ("file_name", BY_ORGANISATION)
    list_select_related = ("organisation",)
    ordering = ("-pk",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("organisation", "created_by", "file_name", "size", "target_list", "created_at")}),
        ("How", {"fields": ("mapping", "on_duplicate")}),
        ("Progress", {"fields": ("state", "detail", "position", "attempts", "heartbeat_at", "finished_at")}),
        ("Outcome", {"fields": ("rows", "created", "updated", "skipped", "rejected")}),
    )


@admin.register(Suppression)
class SuppressionAdmin(LookOnly[Suppression]):
    """Without the digests: an erased person has no address here, and nothing that could be tried against one."""

    list_display = ("shown_address", "organisation", "reason", "source", "created_by", "created_at")
    list_filter = ("reason", "created_at")
    search_fields = ("^address", "^domain", BY_ORGANISATION)
    list_select_related = ("organisation", "created_by")
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("organisation", "shown_address", "reason", "source", "created_by", "created_at")
    readonly_fields = ("shown_address",)

    @admin.display(description="address or domain")
    def shown_address(self, entry: Suppression) -> str:
        return (
            entry.domain or entry.address or ("(erased)" if entry.reason == SuppressionReason.ERASED else "(not kept)")
        )


@admin.register(Segment)
class SegmentAdmin(LookOnly[Segment]):
    list_display = ("name", "organisation", "created_by", "created_at")
    list_filter = ("created_at",)
    search_fields = ("name", BY_ORGANISATION)
    list_select_related = ("organisation", "created_by")
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("organisation", "name", "rules", "created_by", "created_at")


@admin.register(BulkAction)
class BulkActionAdmin(LookOnly[BulkAction]):
    list_display = ("action", "value", "organisation", "state", "total", "done", "changed", "created_by", "created_at")
    list_filter = ("state", "action", "created_at")
    search_fields = (BY_ORGANISATION,)
    list_select_related = ("organisation", "created_by")
    ordering = ("-pk",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("organisation", "created_by", "action", "value", "new_value", "target_list", "created_at")}),
        ("Progress", {"fields": ("state", "detail", "total", "done", "changed", "heartbeat_at", "finished_at")}),
    )
