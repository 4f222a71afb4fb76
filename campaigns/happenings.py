"""What a recorded event means for its message and its lead's sequence; runs inside the consumer's transaction."""

from typing import Any

from django.db import connection
from django.dispatch import receiver

from campaigns import conditions, stopping
from campaigns.models import Message
from senders import health
from tracking.models import Happening
from tracking.signals import Recorded, happened

# The column that keeps the first time, by kind and whether a machine did it. Machines neither reply nor unsubscribe.
COLUMNS = {
    (Happening.OPENED, False): "opened_at",
    (Happening.OPENED, True): "machine_opened_at",
    (Happening.CLICKED, False): "clicked_at",
    (Happening.CLICKED, True): "machine_clicked_at",
    (Happening.UNSUBSCRIBED, False): "unsubscribed_at",
    (Happening.REPLIED, False): "replied_at",
    (Happening.BOUNCED, False): "bounced_at",
    (Happening.COMPLAINED, False): "complained_at",
}
# What tells against the sender.
HARMFUL = {Happening.BOUNCED, Happening.COMPLAINED}
# Rows in the order of their keys, so that two consumers cannot lock each other out.
FIRST_TIME = """
UPDATE campaigns_message message SET {column} = hit.at
FROM (SELECT id, min(at) AS at FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS hit(id, at)
      GROUP BY id ORDER BY id) hit
WHERE message.id = hit.id AND message.organisation_id = ANY(%(organisations)s) AND message.{column} IS NULL
"""


@receiver(happened, dispatch_uid="campaigns.happenings")
def on_happened(sender: Any, events: list[Recorded], **kwargs: Any) -> None:
    """Note the first time of each kind on its message; end the sequences of those who left, and take back what an open or a
    click has made pointless.
    """
    for (kind, machine), column in COLUMNS.items():
        note(column, [event for event in events if event.kind == kind and event.machine == machine])
    stopping.stop_after(events)
    conditions.take_back(events)
    review_senders([event for event in events if event.kind in HARMFUL])


def note(column: str, events: list[Recorded]) -> None:
    if not events:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            FIRST_TIME.format(column=column),
            {
                "ids": [event.message_id for event in events],
                "times": [event.at for event in events],
                "organisations": list({event.organisation_id for event in events}),
            },
        )


def review_senders(events: list[Recorded]) -> None:
    """Let the senders of these messages pause where too many of their mails fared so."""
    if events:
        found = Message.objects.filter(
            pk__in={event.message_id for event in events},
            organisation_id__in={event.organisation_id for event in events},
            sender__isnull=False,
        )
        health.review(sorted(set(found.values_list("sender_id", flat=True))))
