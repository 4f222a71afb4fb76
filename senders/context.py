"""What the frame of every page says of an organisation's senders: those that wait for a person."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from senders.models import Sender, SenderState

MOST = 20


def disconnected(request: HttpRequest) -> dict[str, Any]:
    """`disconnected_senders`, asked for only where a template shows them."""
    return {"disconnected_senders": SimpleLazyObject(lambda: disconnected_in(request))}


def disconnected_in(request: HttpRequest) -> list[Sender]:
    organisation = getattr(request, "organisation", None)
    if organisation is None:
        return []
    waiting = organisation.senders.filter(state=SenderState.DISCONNECTED).only("pk", "address", "kind")
    return list(waiting.order_by("address")[:MOST])
