"""Nothing stays that is needed no more: uploads, old drafts, old refused rows; and what waits is taken up."""

import os
import stat
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Organisation
from leads import tasks
from leads.importing import uploads
from leads.importing.flow import NotADraft, discard_import, look, start_import
from leads.importing.read import Unreadable
from leads.importing.uploads import path_of
from leads.models import Import, RejectedRow
from tests.leads.importing import draft, imported, started

FILE = b"Email\nanna@b.example\nnobody\n"


def files() -> list[Path]:
    return sorted(path_of(uploads.FOLDER).glob("*"))


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The imports that were given to a worker."""
    given: list[int] = []
    monkeypatch.setattr(tasks.run_import, "apply_async", lambda args, *rest, **options: given.append(args[0]))
    return given


def test_an_upload_is_ours_alone_under_a_name_nobody_knows(acme: Organisation) -> None:
    made = draft(acme, FILE, "../../etc/passwd.csv")
    path = path_of(made.file)
    assert path.is_relative_to(settings.MEDIA_ROOT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "passwd" not in made.file
    assert made.file_name == "passwd.csv"


def test_what_cannot_be_read_is_not_kept(acme: Organisation) -> None:
    with pytest.raises(Unreadable):
        draft(acme, b"\x89PNG\r\n")
    assert files() == []
    assert not Import.objects.exists()


def test_a_discarded_draft_leaves_nothing(
    acme: Organisation, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    made = draft(acme, FILE)
    with django_capture_on_commit_callbacks(execute=True):
        discard_import(made)
    assert files() == []
    assert not Import.objects.exists()


def test_what_was_started_cannot_be_discarded_or_started_again(acme: Organisation) -> None:
    made = started(acme, FILE)
    with pytest.raises(NotADraft):
        discard_import(made)
    with pytest.raises(NotADraft):
        start_import(made, look(made), made.mapping)
    assert len(files()) == 1


def test_an_organisation_takes_its_uploads_along(
    acme: Organisation, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    draft(acme, FILE)
    with django_capture_on_commit_callbacks(execute=True):
        acme.delete()
    assert files() == []


def test_a_started_import_is_given_to_a_worker_after_the_commit(
    acme: Organisation, queued: list[int], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = started(acme, FILE)
        assert queued == []
    assert queued == [made.pk]


def test_without_redis_it_starts_all_the_same(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    def away(*about: Any, **options: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.run_import, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        made = started(acme, FILE)
    assert made.state == "pending"


def test_the_tick_takes_up_what_waits_too_long(acme: Organisation, queued: list[int]) -> None:
    pending, running, fresh = (started(acme, FILE) for _ in range(3))
    late = timezone.now() - timedelta(minutes=1)
    Import.objects.filter(pk=pending.pk).update(heartbeat_at=late)
    Import.objects.filter(pk=running.pk).update(heartbeat_at=late, state="running")
    draft(acme, FILE)
    imported(acme, FILE)
    tasks.resume_imports()
    assert queued == [pending.pk, running.pk]
    tasks.run_import(fresh.pk)
    fresh.refresh_from_db()
    assert fresh.state == "done"


def test_the_tick_deletes_what_a_dead_worker_left(acme: Organisation, queued: list[int]) -> None:
    made = started(acme, FILE)
    Import.objects.filter(pk=made.pk).update(state="done")
    waits = started(acme, FILE)
    tasks.resume_imports()
    made.refresh_from_db()
    assert made.file == ""
    assert files() == [path_of(waits.file)]


def test_the_tick_forgets_drafts_of_yesterday(
    acme: Organisation, queued: list[int], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    old, new = draft(acme, FILE), draft(acme, FILE)
    Import.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.resume_imports()
    assert list(Import.objects.all()) == [new]
    assert files() == [path_of(new.file)]


def test_the_tick_forgets_refused_rows_after_a_month(acme: Organisation, queued: list[int]) -> None:
    made = imported(acme, FILE)
    tasks.resume_imports()
    assert RejectedRow.objects.count() == 1
    Import.objects.update(finished_at=timezone.now() - timedelta(days=31))
    tasks.resume_imports()
    made.refresh_from_db()
    assert (RejectedRow.objects.count(), made.rejected) == (0, 1)


def test_the_tick_deletes_files_that_no_import_knows(acme: Organisation, queued: list[int]) -> None:
    made = draft(acme, FILE)
    fresh, old = (path_of(uploads.store([FILE])) for _ in range(2))
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))
    os.utime(path_of(made.file), (hours_ago, hours_ago))
    tasks.resume_imports()
    assert files() == sorted([path_of(made.file), fresh])
