"""The providers whose mailboxes are connected by consent, by the kind of sender that comes of it."""

from senders.models import Kind
from senders.transports.gmail.oauth import Google
from senders.transports.oauth import Provider
from senders.transports.outlook.oauth import Microsoft

PROVIDERS: dict[str, Provider] = {Kind.GMAIL.value: Google(), Kind.OUTLOOK.value: Microsoft()}
