"""Every event of a campaign as CSV, streamed: what happened, when, to which lead and message."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from campaigns.models import Campaign, Message
from tracking.models import Event

COLUMNS = ("id", "at", "kind", "machine", "rule", "url", "message", "message_id", "step", "variant", "lead", "email")
CHUNK = 2000
# A spreadsheet runs a cell that begins so as a formula (OWASP, CSV injection); a quote in front makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Line:
    """A file for `csv.writer` that keeps nothing: what is written is returned."""

    def write(self, text: str) -> str:
        return text


def events_of(campaign: Campaign) -> QuerySet[Event]:
    messages = Message.objects.filter(campaign=campaign).values("pk")
    return Event.objects.filter(organisation=campaign.organisation, message_id__in=messages)


def cell(value: Any) -> str:
    text = value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def lines(campaign: Campaign) -> Iterator[str]:
    writer = csv.writer(Line())
    yield writer.writerow(COLUMNS)
    chunk: list[Event] = []
    for event in events_of(campaign).order_by("pk").iterator(chunk_size=CHUNK):
        chunk.append(event)
        if len(chunk) == CHUNK:
            yield from described(chunk, writer)
            chunk = []
    yield from described(chunk, writer)


def described(events: list[Event], writer: Any) -> Iterator[str]:
    """The lines of these events, their messages looked up together."""
    found = Message.objects.select_related("lead", "step", "variant").in_bulk({event.message_id for event in events})
    for event in events:
        message = found.get(event.message_id)
        if message is None:  # deleted while we were reading
            continue
        values = (
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
        yield writer.writerow([cell(value) for value in values])


def events_response(campaign: Campaign) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines(campaign), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="campaign-{campaign.pk}-events.csv"'
    return response
