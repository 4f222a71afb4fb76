"""An import is taken back: what it made goes, what it changed is as it was; who was changed or mailed since stays."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organisation
from leads.importing import batches, claims, undo, upkeep
from leads.importing.run import run_import
from leads.importing.steer import TooLate, cancel_import, undo_import
from leads.lists import LIST_GUARDS, add_to_list, named_list
from leads.models import Import, ImportedLead, Lead, LeadList, ListEntry, RejectedRow
from leads.services import erase_leads, save_lead
from tests.leads.importing import imported, started

FILE = b"""Email,First name,Company,Tags,Size
anna@b.example,Anna,,new,12
ben@b.example,Ben,Beta,,
anna@b.example,,Late,,13
carla@b.example,,,,
"""
SIZE = {"Size": "fields.Size"}


@pytest.fixture
def anna(acme: Organisation) -> Lead:
    values = {"email": "anna@b.example", "first_name": "A.", "title": "CEO", "tags": ["old"], "fields": {"Size": "9"}}
    return save_lead(Lead(organisation=acme), values)


@pytest.fixture(params=[2000, 1])
def batch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, and row by row."""
    monkeypatch.setattr(batches, "BATCH_ROWS", request.param)
    monkeypatch.setattr(undo, "BATCH", request.param)


def undone(made: Import) -> Import:
    undo_import(made)
    run_import(made.pk)
    made.refresh_from_db()
    assert made.state == "undone"
    assert not ImportedLead.objects.filter(source=made).exists()
    return made


def state_of(lead: Lead) -> tuple[Any, ...]:
    lead.refresh_from_db()
    return lead.first_name, lead.company, lead.title, lead.tags, lead.fields


def test_leads_are_as_they_were(acme: Organisation, anna: Lead, batch: None) -> None:
    add_to_list(named_list(acme, "Fair"), [anna])
    before = state_of(anna)
    made = imported(acme, FILE, mapping=SIZE, list_name="Fair")
    assert state_of(anna) == ("Anna", "Late", "CEO", ["old", "new"], {"Size": "13"})
    assert (made.created, made.updated, made.duplicates) == (2, 2, 1)
    made = undone(made)
    assert (made.undone, made.kept) == (3, 0)
    assert state_of(anna) == before
    assert list(Lead.objects.all()) == [anna]
    assert [entry.lead for entry in ListEntry.objects.all()] == [anna]  # who was on the list before is on it


def test_a_list_that_it_made_goes_unless_somebody_needs_it(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    undone(imported(acme, FILE, list_name="Fair"))
    assert not LeadList.objects.exists()
    named_list(acme, "Known")
    undone(imported(acme, FILE, list_name="Known"))
    monkeypatch.setattr("leads.lists.LIST_GUARDS", [*LIST_GUARDS, lambda chosen: "A campaign needs it."])
    undone(imported(acme, FILE, list_name="Needed"))
    assert sorted(LeadList.objects.values_list("name", flat=True)) == ["Known", "Needed"]


def test_who_was_changed_since_stays(acme: Organisation, anna: Lead) -> None:
    made = imported(acme, FILE, mapping=SIZE)
    anna.refresh_from_db()
    save_lead(anna, {"title": "Chair"})
    imported(acme, b"Email,Company\nben@b.example,Better\n")
    made = undone(made)
    assert (made.undone, made.kept) == (1, 2)
    assert state_of(anna)[:3] == ("Anna", "Late", "Chair")
    assert sorted(Lead.objects.values_list("email", flat=True)) == ["anna@b.example", "ben@b.example"]


def test_who_was_left_alone_is_left_alone(acme: Organisation, anna: Lead) -> None:
    before = state_of(anna)
    made = imported(acme, FILE, mapping=SIZE, on_duplicate="skip", list_name="Fair")
    save_lead(anna, {"phone": "1"})  # the import wrote nothing of her: her entry on the list goes all the same
    undone(made)
    assert state_of(anna) == before
    assert not ListEntry.objects.exists()


def test_an_erased_lead_is_forgotten(acme: Organisation, anna: Lead) -> None:
    made = imported(acme, FILE, mapping=SIZE)
    erase_leads(Lead.objects.filter(pk=anna.pk))
    assert not ImportedLead.objects.filter(lead_id=anna.pk).exists()
    assert (undone(made).undone, Lead.objects.count()) == (2, 0)


def test_an_organisation_takes_all_of_it_along(acme: Organisation, anna: Lead) -> None:
    imported(acme, FILE, mapping=SIZE)
    acme.delete()
    assert not ImportedLead.objects.exists()


def test_what_kills_every_undoing_ends_in_words_and_may_be_tried_again(acme: Organisation) -> None:
    made = imported(acme, FILE)
    undo_import(made)
    for _ in range(claims.MOST_ATTEMPTS):
        assert claims.claim(made.pk)
        Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert claims.claim(made.pk) is None
    made.refresh_from_db()
    assert (made.state, made.detail) == ("failed", claims.NOT_UNDONE)
    undone(made)


def hook(found: Callable[[QuerySet[ImportedLead]], Any]) -> Callable[[QuerySet[ImportedLead], datetime], Any]:
    return lambda leads, since: found(leads)


def test_it_stays_once_a_mail_was_sent(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    made = imported(acme, FILE)
    mailed = hook(lambda leads: leads.values_list("lead_id", flat=True))
    with monkeypatch.context() as patched:
        patched.setattr(undo, "MAILED", [mailed])
        with pytest.raises(TooLate, match="Mails were sent"):
            undo_import(made)
    made.refresh_from_db()
    assert made.state == "done"
    undo_import(made)
    monkeypatch.setattr(undo, "MAILED", [mailed])  # while it is being taken back
    run_import(made.pk)
    made.refresh_from_db()
    assert (made.undone, made.kept, Lead.objects.count()) == (0, 3, 3)


def test_what_cannot_be_undone_says_so(acme: Organisation) -> None:
    for made in (started(acme, FILE), undone(imported(acme, FILE))):
        with pytest.raises(TooLate):
            undo_import(made)


def test_a_cancelled_import_keeps_what_is_in_and_can_be_undone(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 1)
    made = started(acme, FILE)

    def cancel_after_two(*about: Any) -> None:
        if Lead.objects.count() == 2:
            cancel_import(made)

    monkeypatch.setattr("leads.importing.run.keep_refused", cancel_after_two)
    run_import(made.pk)
    made.refresh_from_db()
    assert (made.state, made.file) == ("cancelled", "")
    assert Lead.objects.count() == 2
    with pytest.raises(TooLate, match="ended already"):
        cancel_import(made)
    undone(made)
    assert not Lead.objects.exists()


def test_after_a_month_it_stays(acme: Organisation) -> None:
    made = imported(acme, FILE)
    Import.objects.update(finished_at=timezone.now() - timedelta(days=31))
    upkeep.tidy()
    assert not ImportedLead.objects.exists()
    made.refresh_from_db()
    with pytest.raises(TooLate):
        undo_import(made)
    assert not RejectedRow.objects.exists()
