from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        """Tell the apps below what only this one knows."""
        from campaigns import happenings  # noqa: F401  (registers its receiver)
        from campaigns.activity import note_held
        from campaigns.bulk import CHOICE, ENROL
        from campaigns.guards import erase_events, guard_list, guard_segment, guard_sender, mailed
        from campaigns.record import outcomes, room_at, sending_days
        from campaigns.segments import campaign_fields
        from campaigns.stats import sender_usage
        from campaigns.timeline import campaign_places, message_entries
        from leads import lists, services, timeline
        from leads.bulk import actions
        from leads.importing import undo
        from leads.segments import saving, vocabulary
        from senders import health, standing
        from senders import services as senders

        senders.DELETION_GUARDS.append(guard_sender)
        senders.USAGE.append(sender_usage)
        standing.SENDING_DAYS.append(sending_days)
        standing.ROOM.append(room_at)
        health.OUTCOMES.append(outcomes)
        health.HELD.append(note_held)
        lists.LIST_GUARDS.append(guard_list)
        saving.GUARDS.append(guard_segment)
        services.ERASERS.append(erase_events)
        undo.MAILED.append(mailed)
        timeline.SOURCES.append(message_entries)
        timeline.PLACES.append(campaign_places)
        vocabulary.SOURCES.append(campaign_fields)
        actions.ACTIONS["enrol"], actions.CHOICES["enrol"] = ENROL, CHOICE
