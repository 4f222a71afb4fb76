"""What operators see of senders: everything but the secret, and nothing to change."""

from django.contrib import admin

from ecrm.admin import LookOnly
from senders.models import Sender


@admin.register(Sender)
class SenderAdmin(LookOnly[Sender]):
    list_display = ("address", "organisation", "kind", "host", "state", "daily_limit", "last_error", "last_error_at")
    list_filter = ("state", "kind", "security")
    search_fields = ("address", "name", "host", "organisation__name", "organisation__slug", "last_error")
    list_select_related = ("organisation",)
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("organisation", "kind", "name", "address", "created_by", "created_at")}),
        ("Connection", {"fields": ("host", "port", "security", "username", "has_secret")}),
        ("Pace", {"fields": ("daily_limit", "gap_seconds", "window", "next_slot_at")}),
        ("State", {"fields": ("state", "state_reason", "last_error", "last_error_at", "lease_until")}),
    )

    readonly_fields = ("has_secret", "lease_until")

    @admin.display(description="secret stored", boolean=True)
    def has_secret(self, sender: Sender) -> bool:
        return sender.secret is not None
