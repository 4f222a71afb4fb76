"""The download of a campaign's events: all of its own, none of another's, in any number."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from campaigns import engine
from campaigns import events as events_module
from campaigns.events import COLUMNS, events_response
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from tracking.models import Event


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    return campaign


def happen(message: Message, number: int, **values: Any) -> Event:
    base = {"organisation": message.organisation, "message_id": message.pk, "lead_id": message.lead_id}
    return Event.objects.create(**base | {"kind": "opened", "at": timezone.now(), "stream_id": str(number)} | values)


def table(campaign: Campaign) -> list[list[str]]:
    text = b"".join(events_response(campaign)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_campaign_without_events_has_a_header(campaign: Campaign) -> None:
    assert table(campaign) == [list(COLUMNS)]


def test_every_event_is_a_row_with_its_lead(running: Campaign) -> None:
    message = Message.objects.get(lead__email="ada@example.com")
    happen(message, 1, kind="clicked", url="https://acme.example/?a=1&b=2", machine=True, rule="head")
    (header, row) = table(running)
    found = dict(zip(header, row, strict=True))
    assert (found["kind"], found["machine"], found["rule"]) == ("clicked", "true", "head")
    assert (found["url"], found["email"], found["message_id"]) == (
        "https://acme.example/?a=1&b=2",
        "ada@example.com",
        message.message_id,
    )


def test_events_of_another_organisation_are_left_out(running: Campaign, strangers: Campaign) -> None:
    happen(Message.objects.all()[0], 1, organisation=strangers.organisation)
    assert len(table(running)) == 1
    assert len(table(strangers)) == 1


def test_more_events_than_fit_into_one_look_up(
    running: Campaign, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    monkeypatch.setattr(events_module, "CHUNK", 2)
    for number in range(5):
        happen(Message.objects.all()[number % 3], number)
    with django_assert_max_num_queries(4 + 2):
        assert len(table(running)) == 6
