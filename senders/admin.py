"""What operators see of senders: everything but the secret, and nothing to change."""

from django.contrib import admin

from ecrm.admin import LookOnly
from senders.models import Sender, SendingError


@admin.register(Sender)
class SenderAdmin(LookOnly[Sender]):
    list_display = ("address", "organisation", "kind", "host", "state", "daily_limit", "last_error", "last_error_at")
    list_filter = ("state", "kind", "security")
    search_fields = ("address", "name", "host", "organisation__name", "organisation__slug", "last_error")
    list_select_related = ("organisation",)
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("organisation", "kind", "name", "address", "reply_address", "created_by", "created_at")}),
        ("Connection", {"fields": ("host", "port", "security", "username", "has_secret")}),
        ("Pace", {"fields": ("daily_limit", "gap_seconds", "window", "ramp", "ramp_started_at", "next_slot_at")}),
        ("Health", {"fields": ("bounce_limit", "complaint_limit", "held_at", "health_since", "dkim_selector")}),
        ("State", {"fields": ("state", "state_reason", "notice_due", "last_error", "last_error_at", "lease_until")}),
    )

    readonly_fields = (
        "has_secret", "lease_until", "ramp", "ramp_started_at", "held_at", "health_since", "notice_due",
    )  # fmt: skip

    @admin.display(description="ramp-up")
    def ramp(self, sender: Sender) -> str:
        if sender.ramp_start is None:
            return "none"
        return f"{sender.ramp_start} + {sender.ramp_step} a day, up to {sender.ramp_ceiling or 'the limit'}"

    @admin.display(description="secret stored", boolean=True)
    def has_secret(self, sender: Sender) -> bool:
        return sender.secret is not None


@admin.register(SendingError)
class SendingErrorAdmin(LookOnly[SendingError]):
    list_display = ("at", "sender", "times", "reason")
    search_fields = ("sender__address", "reason")
    list_select_related = ("sender",)
