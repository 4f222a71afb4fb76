"""Every event of a campaign as CSV, streamed: what happened, when, to which lead and message."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from campaigns.models import Campaign, Message
from ecrm.spreadsheet import csv_response
from tracking.models import Event

COLUMNS = ("id", "at", "kind", "machine", "rule", "url", "message", "message_id", "step", "variant", "lead", "email")
CHUNK = 2000


def events_of(campaign: Campaign) -> QuerySet[Event]:
    messages = Message.objects.filter(campaign=campaign).values("pk")
    return Event.objects.filter(organisation=campaign.organisation, message_id__in=messages)


def rows(campaign: Campaign) -> Iterator[tuple[Any, ...]]:
    yield COLUMNS
    chunk: list[Event] = []
    for event in events_of(campaign).order_by("pk").iterator(chunk_size=CHUNK):
        chunk.append(event)
        if len(chunk) == CHUNK:
            yield from described(chunk)
            chunk = []
    yield from described(chunk)


def described(events: list[Event]) -> Iterator[tuple[Any, ...]]:
    """The rows of these events, their messages looked up together."""
    found = Message.objects.select_related("lead", "step", "variant").in_bulk({event.message_id for event in events})
    for event in events:
        message = found.get(event.message_id)
        if message is None:  # deleted while we were reading
            continue
        yield (
            event.pk,
            event.at,
            event.kind,
            "true" if event.machine else "false",
            event.rule,
            event.url,
            message.pk,
            message.message_id,
            message.step.position,
            message.variant.name,
            message.lead_id,
            message.lead.email,
        )


def events_response(campaign: Campaign, *, mark: bool = True) -> StreamingHttpResponse:
    return csv_response(rows(campaign), f"campaign-{campaign.pk}-events.csv", mark=mark)
