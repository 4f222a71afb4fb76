"""What operators see of campaigns and messages: states and errors, and nothing to change."""

from django.contrib import admin

from campaigns.models import Campaign, Message
from ecrm.admin import LookOnly


@admin.register(Campaign)
class CampaignAdmin(LookOnly[Campaign]):
    list_display = ("name", "organisation", "state", "created_by", "created_at", "started_at", "finished_at")
    list_filter = ("state",)
    search_fields = ("name", "organisation__name", "organisation__slug")
    list_select_related = ("organisation", "created_by")
    ordering = ("-pk",)
    show_full_result_count = False
    # Not its lists and senders one by one: a campaign may have a thousand.
    exclude = ("lists", "senders")


@admin.register(Message)
class MessageAdmin(LookOnly[Message]):
    """Found by its Message-ID or its lead's address, each as a whole."""

    list_display = ("pk", "lead", "campaign", "organisation", "sender", "state", "attempts", "sent_at", "error")
    list_filter = ("state",)
    search_fields = ("=message_id", "=lead__email_key", "=pk")
    search_help_text = "A Message-ID without its brackets, a lead's address, or a message's number."
    list_select_related = ("lead", "campaign", "organisation", "sender")
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("organisation", "campaign", "step", "variant", "lead", "sender", "message_id")}),
        (
            "State",
            {"fields": ("state", "error", "attempts", "due_at", "offered_at", "sent_at", "provider_id", "lease")},
        ),
        ("People", {"fields": ("opened_at", "clicked_at", "replied_at", "unsubscribed_at", "complained_at")}),
        ("Machines", {"fields": ("bounced_at", "machine_opened_at", "machine_clicked_at")}),
    )
