"""An import in the worker: it ends, it says why it failed, and a worker that dies loses and doubles nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import Organisation
from leads.importing import batches as batching
from leads.importing import claims, run, upkeep
from leads.importing.clean import Contact
from leads.importing.load import Loaded, load
from leads.importing.run import run_import
from leads.importing.uploads import path_of
from leads.models import Import, Lead, ListEntry, RejectedRow
from tests.leads.importing import counts, imported, refusals, started

ROOT = Path(__file__).resolve().parent.parent.parent


def people(number: int, *, broken: int = 0) -> bytes:
    """Rows of `number` people; of every tenth the address is none, where `broken` is set."""
    rows = (f"p{n}{'' if broken and n % broken == 0 else '@'}b.example,Name {n}" for n in range(number))
    return "\n".join(["Email,First name", *rows]).encode()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_ROWS", 10)


def read_batches(made: Import) -> Iterator[batching.Batch]:
    return batching.batches(made, batching.import_columns(made), after=made.rows)


def test_it_ends_with_counts_and_without_its_upload(acme: Organisation, small_batches: None) -> None:
    made = started(acme, people(95, broken=10), list_name="All")
    path = path_of(made.file)
    assert path.exists()
    run_import(made.pk)
    made.refresh_from_db()
    assert (made.state, made.detail, made.file) == ("done", "", "")
    assert counts(made) == (95, 85, 0, 0, 10)
    assert made.position == made.size
    assert made.finished_at
    assert not path.exists()
    assert ListEntry.objects.filter(lead_list=made.target_list).count() == 85
    assert [line for line, _ in refusals(made)] == list(range(2, 97, 10))


def test_a_batch_ends_at_its_size_too(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_CHARS", 50)
    sizes = [len(batch) for batch in read_batches(started(acme, people(20)))]
    assert sum(sizes) == 20
    assert max(sizes) < 5


def dying_load(after: int) -> Any:
    """`load` that works so often, then is cut off as a killed worker's connection is."""
    calls = iter(range(1000))

    def dies(importing: Import, contacts: list[Contact]) -> Loaded:
        loaded = load(importing, contacts)
        if next(calls) >= after:
            raise OperationalError("server closed the connection unexpectedly")
        return loaded

    return dies


@pytest.mark.parametrize("after", [0, 1, 4])
def test_what_dies_goes_on_where_the_last_batch_ended(
    acme: Organisation, small_batches: None, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    made = started(acme, people(45, broken=10), list_name="All")
    with monkeypatch.context() as patched:
        patched.setattr(run, "load", dying_load(after))
        with pytest.raises(OperationalError):
            run_import(made.pk)
    made.refresh_from_db()
    assert (made.state, made.rows) == ("running", after * 10)
    assert Lead.objects.count() == made.created == after * 9
    run_import(made.pk)
    made.refresh_from_db()
    assert made.state == "running"  # its worker may live yet

    Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert upkeep.abandoned_imports() == [made.pk]
    run_import(made.pk)
    made.refresh_from_db()
    assert counts(made) == (45, 40, 0, 0, 5)
    assert Lead.objects.count() == ListEntry.objects.count() == 40
    assert RejectedRow.objects.filter(source=made).count() == 5


def test_of_two_workers_one_gives_up(acme: Organisation, small_batches: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was only slow comes back after another took its import and finished it."""
    made = started(acme, people(30))
    slow = claims.claim(made.pk)
    assert slow is not None
    at_work = read_batches(slow)
    batch = next(at_work)
    Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    run_import(made.pk)
    with pytest.raises(claims.Superseded):
        run.commit(slow, batch)
    made.refresh_from_db()
    assert counts(made) == (30, 30, 0, 0, 0)


def test_an_import_whose_organisation_went_ends_quietly(acme: Organisation, small_batches: None) -> None:
    made = started(acme, people(5))
    claimed = claims.claim(made.pk)
    assert claimed is not None
    [batch] = read_batches(claimed)
    Import.objects.all().delete()
    with pytest.raises(claims.Superseded):
        run.commit(claimed, batch)
    run_import(made.pk)


def test_a_lost_upload_fails_it_in_words(acme: Organisation) -> None:
    made = started(acme, people(5))
    path_of(made.file).unlink()
    run_import(made.pk)
    made.refresh_from_db()
    assert (made.state, made.file) == ("failed", "")
    assert "not here any more" in made.detail


def test_quotes_that_run_away_fail_it_and_keep_what_came_before(
    acme: Organisation, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.read.MOST_REREAD", 10_000)
    made = imported(acme, people(100) + b"\n" + b'a"b,"c\n' * 3000)
    assert made.state == "failed"
    assert "Quotes open and never close" in made.detail
    assert made.created == Lead.objects.count() == 100


def test_a_fault_of_ours_fails_it_and_is_raised(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*about: Any) -> None:
        raise ZeroDivisionError

    made = started(acme, people(5))
    monkeypatch.setattr(run, "load", fault)
    with pytest.raises(ZeroDivisionError):
        run_import(made.pk)
    made.refresh_from_db()
    assert (made.state, made.detail, made.file) == ("failed", run.BROKEN, "")


def test_refused_rows_beyond_measure_are_counted_alone(
    acme: Organisation, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "KEPT_REJECTED", 15)
    made = imported(acme, people(40, broken=1))
    assert made.rejected == 40
    assert [line for line, _ in refusals(made)] == list(range(2, 17))


def test_a_huge_file_takes_little_memory(acme: Organisation) -> None:
    """Rows are read in batches; a peak far below the file's size says so."""
    made = started(acme, b"Email,Notes\n" + (b"a@b.example," + b"x" * 2000 + b"\n") * 15_000)
    assert made.size > 30_000_000
    tracemalloc.start()
    rows = sum(len(batch) for batch in read_batches(made))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 15_000
    assert peak < 12_000_000


WORKER = """
import django, sys
django.setup()
from django.conf import settings
from leads.importing import batches, run
settings.MEDIA_ROOT = sys.argv[2]
batches.BATCH_ROWS = 50
run.run_import(int(sys.argv[1]))
"""


def worker(made: Import) -> subprocess.Popen[bytes]:
    """A process of its own that imports into the tests' database."""
    about = connection.settings_dict
    url = f"postgresql://{about['USER']}@/{about['NAME']}?host={about['HOST']}"
    environment = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "ecrm.settings",
        "ECRM_SUPPRESSION_KEY": configured.SUPPRESSION_KEY.decode(),
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(made.pk), str(configured.MEDIA_ROOT)], cwd=ROOT, env=environment
    )


@pytest.mark.django_db(transaction=True)
def test_a_killed_process_loses_and_doubles_nothing(acme: Organisation) -> None:
    made = started(acme, people(9000, broken=100), list_name="All")
    kills = 0
    while True:
        Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        process = worker(made)
        before = made.rows
        while process.poll() is None and made.rows < before + 3000:
            time.sleep(0.02)
            made.refresh_from_db()
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        made.refresh_from_db()
    assert process.returncode == 0
    assert kills >= 1
    made.refresh_from_db()
    assert made.state == "done"
    assert counts(made) == (9000, 8910, 0, 0, 90)
    assert Lead.objects.count() == ListEntry.objects.count() == 8910
    assert RejectedRow.objects.count() == 90


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_people_at_once_do_not_disturb_each_other(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "BATCH_ROWS", 200)
    content = people(2000).split(b"\n")
    both = [
        started(acme, b"\n".join(content), list_name="One"),
        started(acme, b"\n".join([content[0], *reversed(content[1:])]), list_name="Two"),
    ]
    threads = [threading.Thread(target=run_and_close, args=(made.pk,)) for made in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for made in both:
        made.refresh_from_db()
        assert (made.state, made.rows, made.rejected) == ("done", 2000, 0)
    assert sum(made.created for made in both) == Lead.objects.count() == 2000
    assert ListEntry.objects.count() == 4000


def run_and_close(pk: int) -> None:
    try:
        run_import(pk)
    finally:
        connection.close()


def test_what_kills_every_worker_fails_at_last_in_words(acme: Organisation, small_batches: None) -> None:
    made = started(acme, people(25), list_name="All")

    def taken_up_and_killed() -> Import | None:
        Import.objects.filter(pk=made.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        return claims.claim(made.pk)

    for _ in range(claims.MOST_ATTEMPTS - 1):
        assert taken_up_and_killed()
    claimed = taken_up_and_killed()
    assert claimed is not None
    run.commit(claimed, next(read_batches(claimed)))  # progress: it is worth trying again
    for _ in range(claims.MOST_ATTEMPTS):
        assert taken_up_and_killed()
    assert taken_up_and_killed() is None
    made.refresh_from_db()
    assert (made.state, made.file, made.rows) == ("failed", "", 10)
    assert "stopped 5 times at the same place, after row 10" in made.detail
    assert upkeep.abandoned_imports() == []
