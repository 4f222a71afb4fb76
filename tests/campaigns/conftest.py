"""Acme's sender, a list with three leads, and a draft that is ready to start."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import Organisation, User
from campaigns.editing import create_campaign
from campaigns.models import Campaign, Variant
from campaigns.wording import StepContent
from leads.models import Lead, LeadList
from leads.services import add_to_list, named_list, save_lead
from senders.models import Sender
from senders.services import create_sender
from senders.transports import TRANSPORTS
from tests.campaigns.launching import Launcher
from tests.campaigns.sequences import TakingConnection, World
from tests.clock import Traveller, database_clock
from tests.providers.smtp import SmtpServer

HTML = '<p>Hello {{ first_name | default: "there" }}, see <a href="https://acme.example/?a=1&amp;b=2">us</a>.</p>'


@pytest.fixture
def sender(acme: Organisation) -> Sender:
    values = {"name": "Alice", "address": "alice@acme.example", "host": "127.0.0.1", "port": 1, "security": "none"}
    return create_sender(acme, None, values)


@pytest.fixture
def add_lead(acme: Organisation) -> Callable[..., Lead]:
    def add(email: str, on: LeadList | None = None, **values: Any) -> Lead:
        lead = save_lead(Lead(organisation=acme), {"email": email, **values})
        if on:
            add_to_list(on, [lead])
        return lead

    return add


@pytest.fixture
def people(acme: Organisation, add_lead: Callable[..., Lead]) -> LeadList:
    """Grace, Ada, and one whose name is not known."""
    people = named_list(acme, "People")
    add_lead("grace@example.com", people, first_name="Grace", last_name="Hopper", company="Navy")
    add_lead("ada@example.com", people, first_name="Ada", last_name="Lovelace")
    add_lead("nobody@example.com", people)
    return people


@pytest.fixture
def campaign(acme: Organisation, alice: User, sender: Sender, people: LeadList) -> Campaign:
    """A draft that is ready to start."""
    content = StepContent(subject='Hello {{ first_name | default: "there" }}', body_html=HTML)
    values = {"name": "Spring", "senders": [sender], "lists": [people], "steps": [content]}
    return create_campaign(acme, alice, values)


@pytest.fixture
def variant(campaign: Campaign) -> Variant:
    return Variant.objects.get(step__campaign=campaign)


@pytest.fixture
def strangers(charlie: User) -> Campaign:
    """A campaign of Charlie's."""
    return create_campaign(charlie.organisations.get(), charlie, {"name": "Not Acme's"})


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer(pipelining=True) as running:
        yield running


@pytest.fixture
def launcher(acme: Organisation, alice: User, server: SmtpServer) -> Launcher:
    """Starts campaigns that really send, to `server`."""
    return Launcher(acme, alice, server)


@pytest.fixture
def world(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Where weeks pass in seconds; its server takes everything."""
    with database_clock():
        world = World(launcher, Traveller(monkeypatch))
        monkeypatch.setattr(TakingConnection, "world", world, raising=False)
        monkeypatch.setitem(TRANSPORTS, "smtp", TakingConnection)
        yield world
        monkeypatch.undo()
