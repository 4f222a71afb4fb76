"""Acme's list with Grace and Ada on it, Joan on none, and one lead of Charlie's organisation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Organisation, User
from leads.lists import add_to_list, named_list
from leads.models import Lead, LeadList
from leads.services import save_lead


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def add_lead(acme: Organisation) -> Callable[..., Lead]:
    def add(email: str, on: LeadList | None = None, organisation: Organisation = acme, **values: Any) -> Lead:
        lead = save_lead(Lead(organisation=organisation), {"email": email, **values})
        if on:
            add_to_list(on, [lead])
        return lead

    return add


@pytest.fixture
def people(acme: Organisation) -> LeadList:
    return named_list(acme, "People")


@pytest.fixture
def grace(add_lead: Callable[..., Lead], people: LeadList) -> Lead:
    return add_lead(
        "grace@navy.example",
        people,
        first_name="Grace",
        last_name="Hopper",
        company="Navy",
        title="Admiral",
        phone="+1 555 0100",
        fields={"Language": "COBOL"},
        tags=["vip", "press"],
        source="A conference",
    )


@pytest.fixture
def ada(add_lead: Callable[..., Lead], people: LeadList) -> Lead:
    return add_lead(
        "ada@engine.example", people, first_name="Ada", last_name="Lovelace", company="Engines", tags=["vip"]
    )


@pytest.fixture
def joan(add_lead: Callable[..., Lead]) -> Lead:
    return add_lead("joan@eniac.example", company="ENIAC")


@pytest.fixture
def theirs(charlie: User, add_lead: Callable[..., Lead]) -> Lead:
    """A lead that is none of Acme's."""
    return add_lead("grace@navy.example", organisation=charlie.organisations.get(), first_name="Their Grace")


@pytest.fixture
def their_list(charlie: User) -> LeadList:
    return named_list(charlie.organisations.get(), "Theirs")
