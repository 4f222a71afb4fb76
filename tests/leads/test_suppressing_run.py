"""A file of addresses and domains goes onto the suppression list, row by row, and its refusals are counted."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Organisation, User
from ecrm.spreadsheet import lines
from leads.importing.read import Unreadable
from leads.importing.uploads import path_of
from leads.models import Lead, Suppression, SuppressionFile, SuppressionReason
from leads.services import erase_leads
from leads.suppressing import export, run
from leads.suppressing.files import begin_file
from leads.suppressing.run import STALE, abandoned_files, run_file, tidy
from leads.suppression import suppress


def begun(acme: Organisation, content: bytes, name: str = "blocked.csv") -> SuppressionFile:
    by = User.objects.get(email="alice@acme.example")
    return begin_file(acme, by, SimpleUploadedFile(name, content), SuppressionReason.MANUAL)


def done(acme: Organisation, content: bytes, name: str = "blocked.csv") -> SuppressionFile:
    made = begun(acme, content, name)
    run_file(made.pk)
    made.refresh_from_db()
    return made


def listed(acme: Organisation) -> dict[str, str]:
    return {entry.domain or entry.address: entry.reason for entry in acme.suppressions.all()}


def test_a_file_with_a_reason_column_goes_onto_the_list(acme: Organisation, alice: User) -> None:
    suppress(acme, "known@b.example", SuppressionReason.COMPLAINED, "report")
    made = done(
        acme,
        b"Name;Email;Reason\nA;Anna <anna@b.example>;Hard bounce\nB;*@c.example;asked us\nK;known@b.example;manual\n"
        b"D;anna@B.example;\nX;nobody;\nY;;opted out\nU;u@b.example;opted out by x@y.example\n",
    )
    assert (made.state, made.rows, made.added, made.known, made.refused) == ("done", 7, 3, 2, 2)
    assert [refusal["line"] for refusal in made.refusals] == [6, 7]
    assert "nobody" not in str(made.refusals), "who is named there may be erased one day"
    assert listed(acme) == {
        "anna@b.example": "bounced",
        "c.example": "manual",
        "known@b.example": "complained",
        "u@b.example": "unsubscribed",
    }
    entry = acme.suppressions.get(domain="c.example")
    assert (entry.source, entry.created_by) == ("blocked.csv: asked us", alice)
    assert not acme.suppressions.filter(source__contains="@").exists()
    assert made.file == ""


@pytest.mark.parametrize(
    "content",
    [b"b.example\nc.example\n", b"a@x.example\nb.example\n", b"Company,Domain\nOne,b.example\nTwo,c.example\n"],
)
def test_a_list_without_a_header_loses_no_first_row_and_a_column_of_domains_is_found(
    acme: Organisation, alice: User, content: bytes
) -> None:
    assert (done(acme, content).added, len(listed(acme))) == (2, 2)


@pytest.mark.parametrize("content", [b"", b"Name,Age\nAnna,31\nBen,32\n"])
def test_what_holds_no_entries_is_refused_and_not_kept(
    acme: Organisation, alice: User, content: bytes, settings: Any
) -> None:
    with pytest.raises(Unreadable):
        begun(acme, content)
    assert not SuppressionFile.objects.exists()
    assert not list(Path(settings.MEDIA_ROOT).glob("imports/*"))


def test_our_own_export_is_read_again(acme: Organisation, alice: User, grace: Lead) -> None:
    for text in ("+plus@b.example", "müller.example"):
        suppress(acme, text, SuppressionReason.BOUNCED, "test", alice)
    erase_leads(Lead.objects.filter(pk=grace.pk))
    content = "".join(lines(export.rows(acme.suppressions.select_related("created_by")))).encode()
    assert b"navy" not in content
    before = listed(acme)
    Suppression.objects.exclude(reason="erased").delete()
    made = done(acme, content)
    assert (made.added, made.refused) == (2, 1), "the row of an erased person names nobody"
    assert listed(acme) == before


def test_a_worker_that_died_is_followed_after_its_last_batch(
    acme: Organisation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH", 2)
    made = begun(acme, b"Email\n" + b"".join(b"p%d@b.example\n" % number for number in range(5)))
    first = run.claim(made.pk)
    assert first is not None
    run.commit(first, next(run.batches(first)))
    run_file(made.pk)
    assert acme.suppressions.count() == 2, "its worker may live"
    past = timezone.now() - 2 * STALE
    SuppressionFile.objects.update(heartbeat_at=past, created_at=past)
    assert abandoned_files() == [made.pk]
    run_file(made.pk)
    made.refresh_from_db()
    assert (made.state, made.rows, made.added) == ("done", 5, 5)
    with pytest.raises(run.Superseded):
        run.commit(first, run.Batch())


def test_uploads_go_with_what_they_are_of(
    acme: Organisation, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    made = begun(acme, b"Email\na@b.example\n")
    path = path_of(made.file)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        made.delete()
    assert not path.exists()
    SuppressionFile.objects.filter(pk=done(acme, b"Email\na@b.example\n").pk).update(
        finished_at=timezone.now() - 2 * run.KEPT
    )
    tidy()
    assert not SuppressionFile.objects.exists()
