"""What operators see of events: what was recorded of which message."""

from django.contrib import admin

from ecrm.admin import LookOnly
from tracking.models import Event


@admin.register(Event)
class EventAdmin(LookOnly[Event]):
    list_display = ("at", "kind", "organisation", "message_id", "lead_id", "machine", "rule", "url")
    list_filter = ("kind", "machine")
    search_fields = ("=message_id", "=lead_id")
    search_help_text = "The number of a message or of a lead."
    list_select_related = ("organisation",)
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
