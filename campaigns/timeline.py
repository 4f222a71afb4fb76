"""What campaigns know of a lead, for its page (`leads.timeline.SOURCES`)."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from campaigns.models import Message, MessageState
from leads.models import Lead
from leads.timeline import MOST_ENTRIES, Entry

# The columns of a message that tell when something happened, with what is said of it.
HAPPENED = (
    ("sent_at", "Was sent", "sent"),
    ("opened_at", "Opened", "opened"),
    ("clicked_at", "Clicked a link in", "clicked"),
    ("replied_at", "Replied to", "replied"),
    ("unsubscribed_at", "Unsubscribed through", "unsubscribed"),
    ("bounced_at", "Did not get, since it bounced,", "bounced"),
    ("complained_at", "Complained about", "complained"),
)


def message_entries(lead: Lead) -> Iterator[Entry]:
    """What happened with the lead's newest messages; each kind once, at its first time."""
    messages = Message.objects.filter(lead=lead).select_related("campaign__organisation").order_by("-pk")
    for message in messages[:MOST_ENTRIES]:
        campaign = message.campaign
        href = reverse("campaign", kwargs={"org": campaign.organisation.slug, "pk": campaign.pk})
        for column, said, kind in HAPPENED:
            at: datetime | None = getattr(message, column)
            if at is not None:
                yield Entry(at, f"{said} {campaign.name}", href, kind)
        if message.state in {MessageState.FAILED, MessageState.UNKNOWN} and message.offered_at:
            said = "Could not be sent" if message.state == MessageState.FAILED else "May or may not have got"
            yield Entry(message.offered_at, f"{said} {campaign.name}: {message.error}", href, message.state)
