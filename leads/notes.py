"""Notes about a lead: write, change and delete them."""

from django.utils import timezone

from accounts.models import User
from ecrm.text import clean
from leads.models import Lead, Note

LONGEST = 5000
MOST_NOTES = 500


class BadNote(ValueError):
    """A note that cannot be kept; its text says why."""


def text_of(typed: str) -> str:
    """What is kept of what was typed; raises BadNote."""
    text = clean(typed).strip()
    if not text:
        raise BadNote("Write something first.")
    if len(text) > LONGEST:
        raise BadNote(f"A note has {LONGEST:,} characters at the most; this one has {len(text):,}.")
    return text


def add_note(lead: Lead, typed: str, by: User) -> Note:
    """Raises BadNote."""
    text = text_of(typed)
    if lead.notes.count() >= MOST_NOTES:
        raise BadNote(f"A lead has {MOST_NOTES} notes at the most. Delete an old one first.")
    return Note.objects.create(organisation_id=lead.organisation_id, lead=lead, author=by, text=text)


def change_note(note: Note, typed: str) -> Note:
    """Raises BadNote."""
    note.text, note.changed_at = text_of(typed), timezone.now()
    note.save(update_fields=["text", "changed_at"])
    return note
