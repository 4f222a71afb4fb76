"""Notes about a lead: written, changed and deleted by its organisation, and gone with the lead."""

import pytest

from accounts.models import User
from leads.models import Lead, Note
from leads.notes import LONGEST, BadNote, add_note, change_note
from leads.services import erase_leads
from tests.conftest import Browser


def url(lead: Lead, rest: str = "") -> str:
    return f"/o/acme/leads/{lead.pk}/notes/{rest}"


def test_a_note_is_kept_changed_and_deleted(as_alice: Browser, grace: Lead, alice: User) -> None:
    as_alice.post(url(grace), {"text": " Met at a <b>fair</b>\0 "})
    note = Note.objects.get()
    assert (note.text, note.author, note.lead) == ("Met at a <b>fair</b>", alice, grace)
    page = as_alice.get(f"/o/acme/leads/{grace.pk}/").content.decode()
    assert "Met at a &lt;b&gt;fair&lt;/b&gt;" in page
    assert "Met at a" in as_alice.get(url(grace, f"{note.pk}/")).content.decode()
    as_alice.post(url(grace, f"{note.pk}/"), {"text": "Met at a fair in May"})
    note.refresh_from_db()
    assert note.text == "Met at a fair in May"
    assert note.changed_at is not None
    as_alice.post(url(grace, f"{note.pk}/delete/"))
    assert not Note.objects.exists()


def test_what_cannot_be_kept_is_said_and_nothing_typed_is_lost(as_alice: Browser, grace: Lead, alice: User) -> None:
    for typed in ("", "  ", "x" * (LONGEST + 1)):
        with pytest.raises(BadNote):
            add_note(grace, typed, alice)
    response = as_alice.post(url(grace), {"text": "y" * (LONGEST + 1)})
    assert response.status_code == 422
    assert "y" * (LONGEST + 1) in response.content.decode()
    note = add_note(grace, "Fine", alice)
    with pytest.raises(BadNote):
        change_note(note, "")
    assert Note.objects.get().text == "Fine"


def test_strangers_and_viewers_write_none_and_a_note_belongs_to_its_lead(
    as_charlie: Browser, as_vera: Browser, as_alice: Browser, grace: Lead, ada: Lead, alice: User
) -> None:
    note = add_note(grace, "Ours", alice)
    assert as_charlie.post(url(grace), {"text": "x"}).status_code == 404
    assert as_vera.post(url(grace), {"text": "x"}).status_code == 403
    assert as_vera.get(url(grace, f"{note.pk}/")).status_code == 403
    assert "Ours" in as_vera.get(f"/o/acme/leads/{grace.pk}/").content.decode()
    assert as_alice.post(url(ada, f"{note.pk}/delete/")).status_code == 404
    assert Note.objects.get() == note


def test_notes_go_with_the_lead(grace: Lead, alice: User) -> None:
    add_note(grace, "Personal", alice)
    erase_leads(Lead.objects.filter(pk=grace.pk))
    assert not Note.objects.exists()


def test_programs_write_read_and_delete_them_and_read_the_past(
    as_alice: Browser, as_charlie: Browser, grace: Lead
) -> None:
    base = f"/orgs/acme/leads/{grace.pk}"
    made = as_alice.api("POST", f"{base}/notes", {"text": "Hello"})
    assert (made.status_code, made.json()["text"]) == (201, "Hello")
    assert as_alice.api("POST", f"{base}/notes", {"text": " "}).status_code == 422
    assert [item["id"] for item in as_alice.api("GET", f"{base}/notes").json()["items"]] == [made.json()["id"]]
    kinds = [item["kind"] for item in as_alice.api("GET", f"{base}/timeline").json()["items"]]
    assert kinds == ["note", "added"]
    assert len(as_alice.api("GET", f"{base}/timeline?kind=note").json()["items"]) == 1
    assert as_charlie.api("GET", f"{base}/timeline").status_code == 404
    assert as_alice.api("DELETE", f"{base}/notes/{made.json()['id']}").status_code == 204
    assert as_alice.api("DELETE", f"{base}/notes/{made.json()['id']}").status_code == 404
