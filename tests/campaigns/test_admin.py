"""What operators see of campaigns, messages and events: everything, in few queries, and nothing to change."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from campaigns import engine
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from ecrm.operators import PROVED
from tracking.models import Event


@pytest.fixture
def operator(db: None) -> Client:
    """An operator who has proved both factors."""
    user = User.objects.create_superuser("operator@ecrm.example", "correct horse battery", name="Olga")
    client = Client()
    client.force_login(user)
    session = client.session
    session[PROVED] = user.pk
    session.save()
    return client


@pytest.fixture
def message(campaign: Campaign, alice: User) -> Message:
    start_campaign(campaign, alice)
    engine.plan()
    found = Message.objects.get(lead__email="ada@example.com")
    Message.objects.filter(pk=found.pk).update(state="failed", error="550 No such user")
    return found


def found(operator: Client, path: str) -> str:
    response = operator.get(f"/admin/{path}")
    assert response.status_code == 200
    return str(response.content.decode())


def test_messages_are_found_by_message_id_and_by_address(operator: Client, message: Message) -> None:
    for query in (message.message_id, "ada@example.com", "ADA@example.com"):
        page = found(operator, f"campaigns/message/?q={query}")
        assert "550 No such user" in page
        assert "grace@example.com" not in page


def test_a_message_and_a_campaign_are_shown_and_cannot_be_changed(operator: Client, message: Message) -> None:
    page = found(operator, f"campaigns/message/{message.pk}/change/")
    assert message.message_id in page
    assert '<input type="submit"' not in page
    assert "Spring" in found(operator, f"campaigns/campaign/{message.campaign_id}/change/")
    assert operator.post(f"/admin/campaigns/message/{message.pk}/delete/").status_code == 403
    assert operator.get("/admin/campaigns/campaign/add/").status_code == 403


def test_lists_take_a_fixed_number_of_queries(
    operator: Client, message: Message, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for path in ("campaigns/message/", "campaigns/campaign/", "tracking/event/"):
        with django_assert_max_num_queries(9):
            found(operator, path)


def test_events_are_found_by_their_message(operator: Client, message: Message) -> None:
    for number, target in ((message.pk, "https://a.example"), (message.pk + 1000, "https://b.example")):
        Event.objects.create(
            organisation=message.organisation,
            message_id=number,
            lead_id=number + 5000,
            kind="clicked",
            url=target,
            at=timezone.now(),
            stream_id=target,
        )
    page = found(operator, f"tracking/event/?q={message.pk}")
    assert "https://a.example" in page
    assert "https://b.example" not in page


def test_a_customer_is_no_operator(alice: User, message: Message) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/admin/campaigns/message/").status_code == 302
