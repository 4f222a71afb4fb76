"""What a recorded event does to its message and its lead's sequence, through the real consumer."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from accounts.models import User
from campaigns import engine
from campaigns.models import Campaign, Enrollment, Message
from campaigns.services import StepContent, create_campaign, start_campaign
from leads.models import Lead, LeadList, Suppression
from senders.models import Sender
from tracking.consumer import store
from tracking.models import Event

AT = 1_772_452_800_000  # milliseconds
NAMES: Iterator[int] = iter(range(10**9))


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    return campaign


def message_to(email: str, campaign: Campaign) -> Message:
    return Message.objects.get(lead__email=email, campaign=campaign)


def happen(message: Message, kind: str, rule: str = "", at: int = AT, organisation: int = 0) -> int:
    mark = f"{organisation or message.organisation_id}.{message.pk}.{message.lead_id}"
    return store([{"i": f"happening-{next(NAMES)}", "k": kind, "m": mark, "u": "", "r": rule, "t": str(at)}])


@pytest.mark.parametrize("kind", ["opened", "clicked", "replied", "bounced", "complained", "unsubscribed"])
def test_the_first_time_of_each_kind_is_noted(running: Campaign, kind: str) -> None:
    message = message_to("ada@example.com", running)
    assert happen(message, kind, at=AT + 5000) == 1
    happen(message, kind, at=AT + 9000)
    message.refresh_from_db()
    assert getattr(message, f"{kind}_at") == datetime.fromtimestamp(AT / 1000 + 5, UTC)


def test_machines_are_noted_apart(running: Campaign) -> None:
    message = message_to("ada@example.com", running)
    happen(message, "opened", rule="proxy")
    happen(message, "clicked", rule="head")
    message.refresh_from_db()
    assert (message.opened_at, message.clicked_at) == (None, None)
    assert message.machine_opened_at is not None
    assert message.machine_clicked_at is not None


def test_another_organisations_mark_changes_nothing(running: Campaign, charlie: User) -> None:
    message = message_to("ada@example.com", running)
    happen(message, "opened", organisation=charlie.organisations.get().pk)
    happen(message, "unsubscribed", organisation=charlie.organisations.get().pk)
    message.refresh_from_db()
    assert (message.opened_at, message.state) == (None, "planned")
    assert Enrollment.objects.get(lead=message.lead).state == "active"


@pytest.fixture
def both(running: Campaign, alice: User, sender: Sender, people: LeadList) -> tuple[Campaign, Campaign]:
    """Two running campaigns with the same leads."""
    values = {"name": "Other", "senders": [sender], "lists": [people], "steps": [StepContent("Hi", "<p>Hi</p>")]}
    other = create_campaign(running.organisation, alice, values)
    start_campaign(other, alice)
    engine.plan()
    return running, other


@pytest.mark.parametrize("kind", ["unsubscribed", "complained"])
def test_who_leaves_gets_nothing_more_of_any_campaign(both: tuple[Campaign, Campaign], kind: str) -> None:
    happen(message_to("ada@example.com", both[0]), kind)
    for campaign in both:
        assert message_to("ada@example.com", campaign).state == "skipped"
        assert message_to("grace@example.com", campaign).state == "planned"
    assert set(Enrollment.objects.filter(lead__email="ada@example.com").values_list("state", "reason")) == {
        ("stopped", kind)
    }


@pytest.mark.parametrize("kind", ["replied", "bounced"])
def test_a_reply_stops_only_the_campaign_that_was_replied_to(both: tuple[Campaign, Campaign], kind: str) -> None:
    happen(message_to("ada@example.com", both[0]), kind)
    states = [Enrollment.objects.get(lead__email="ada@example.com", campaign=campaign).state for campaign in both]
    assert states == ["stopped", "active"]


def test_opening_and_clicking_stop_nothing(running: Campaign) -> None:
    message = message_to("ada@example.com", running)
    happen(message, "opened")
    happen(message, "clicked")
    assert Enrollment.objects.get(lead=message.lead).state == "active"


def test_an_unsubscribe_suppresses_the_address(running: Campaign) -> None:
    happen(message_to("ada@example.com", running), "unsubscribed")
    assert Suppression.objects.get().digest == Lead.objects.get(email="ada@example.com").digest


def test_an_event_delivered_twice_counts_once(running: Campaign) -> None:
    message = message_to("ada@example.com", running)
    mark = f"{message.organisation_id}.{message.pk}.{message.lead_id}"
    entry = {"i": "same", "k": "opened", "m": mark, "u": "", "r": "", "t": str(AT)}
    assert store([entry]) == 1
    assert store([entry]) == 0
    assert Event.objects.count() == 1
