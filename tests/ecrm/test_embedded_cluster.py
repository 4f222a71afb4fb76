"""The embedded PostgreSQL's own directory."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ecrm.embedded import cluster, passage
from ecrm.embedded.environment import database_url, remove_socket_dir, socket_dir
from ecrm.embedded.processes import Service, stop_process


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "with a blank"
    monkeypatch.setenv("ECRM_DATA_DIR", str(path))
    path.mkdir(mode=0o711)
    yield path
    remove_socket_dir()


def test_it_is_made_whole_and_answers_in_any_language(folder: Path) -> None:
    half = folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")  # an earlier start was killed in the middle
    service = cluster.postgres(durable=False)
    assert not half.exists()
    process = service.start()
    try:
        service.wait_ready(process)
        with psycopg.connect(database_url("postgres")) as connection:
            row = connection.execute("SELECT 'ÅSA' ILIKE 'åsa', lower('ŁÓDŹ')").fetchone()
        assert row == (True, "łódź")
    finally:
        stop_process(process, service.stop_signal)
    assert process.returncode == 0


def test_a_killed_postgres_starts_again_though_its_number_was_given_away(folder: Path) -> None:
    service = cluster.postgres(durable=False)
    lock = folder / "postgres" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{folder / 'postgres'}\n1\n5432\n{socket_dir()}\n\n1 2\n")
    cluster.remove_stale_locks(folder / "postgres")
    assert not lock.exists()
    assert service.stop_signal == signal.SIGINT


def test_the_lock_of_a_postgres_that_works_there_is_left_alone(tmp_path: Path, folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir()
    (data / "postmaster.pid").write_text("1\n")
    process = Service("backend", ["sh", "-c", f'cd "{data}" && exec sleep 60']).start()
    try:
        while not cluster.works_in(Path(f"/proc/{process.pid}"), data):
            pass
        cluster.remove_stale_locks(data)
    finally:
        stop_process(process, signal.SIGTERM)
    assert (data / "postmaster.pid").exists()


def test_it_never_runs_as_root(tmp_path: Path) -> None:
    user = passage.postgres_user(tmp_path / "not there yet")
    assert (user is None) == (os.geteuid() != 0)
    if user:
        os.chown(tmp_path, user.uid, user.gid)
        assert passage.postgres_user(tmp_path) == user
        os.chown(tmp_path, 54321, -1)
        with pytest.raises(RuntimeError, match="does not exist here"):
            passage.postgres_user(tmp_path)


def test_a_user_may_be_let_through_a_directory_without_seeing_into_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    passage.grant_passage(closed, 12345)
    passage.grant_passage(closed, 12346)
    passage.grant_passage(closed, 12345)
    entries = passage.entries_of(closed)
    assert entries[passage.NAMED_USER, 12345] == entries[passage.NAMED_USER, 12346] == passage.PASS
    assert entries[passage.OTHERS, passage.NO_ID] == 0
    assert stat.S_IMODE(closed.stat().st_mode) & 0o007 == 0


def test_postgres_reaches_a_data_directory_below_a_closed_one(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    user = passage.postgres_user(inner / "postgres")
    said: list[str] = []
    if user:  # root: nobody else needs it
        assert not passage.may(user, "-x", inner)
        passage.open_the_way(user, inner, said.append)
        assert passage.may(user, "-x", inner)
        assert not passage.may(user, "-r", tmp_path / "closed")
        assert f"may now pass through {tmp_path / 'closed'} (not list it)" in said[-1]
