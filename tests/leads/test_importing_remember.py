"""A file with the same columns is mapped as it was the last time."""

import pytest

from accounts.models import Organisation, User
from leads.importing import remember
from leads.importing.flow import look
from leads.importing.steer import confirm_import
from leads.models import RememberedMapping
from tests.leads.importing import draft

FILE = b"Email,Private mail,Sector\na@b.example,a@home.example,Rail\n"
CHOSEN = {"Email": "email2", "Private mail": "email", "Sector": "fields.Branch"}


def chosen(organisation: Organisation, mapping: dict[str, str], content: bytes = FILE) -> None:
    made = draft(organisation, content)
    confirm_import(made, look(made), mapping)


def test_what_was_chosen_is_chosen_again(acme: Organisation, charlie: User) -> None:
    chosen(acme, CHOSEN)
    assert draft(acme, FILE).mapping == CHOSEN
    assert draft(acme, b"Sector,Email,Private mail\nRail,a@b.example,\n").mapping == CHOSEN
    assert draft(acme, b"Email,Private mail,Sector,More\na@b.example,,,\n").mapping == {"Email": "email"}
    assert draft(charlie.organisations.get(), FILE).mapping == {"Email": "email"}
    chosen(acme, {"Email": "email"})
    assert draft(acme, FILE).mapping == {"Email": "email"}


def test_only_so_many_are_remembered(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remember, "MOST_REMEMBERED", 2)
    for name in (b"A", b"B", b"C"):
        chosen(acme, {"Email": "email"}, b"Email," + name + b"\na@b.example,x\n")
    assert RememberedMapping.objects.count() == 2
