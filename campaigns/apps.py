from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        """Tell the apps below what only this one knows."""
        from campaigns import happenings  # noqa: F401  (registers its receiver)
        from campaigns.guards import erase_events, guard_list, guard_sender
        from campaigns.stats import sender_usage
        from campaigns.timeline import message_entries
        from leads import lists, services, timeline
        from senders import services as senders

        senders.DELETION_GUARDS.append(guard_sender)
        senders.USAGE.append(sender_usage)
        lists.LIST_GUARDS.append(guard_list)
        services.ERASERS.append(erase_events)
        timeline.SOURCES.append(message_entries)
