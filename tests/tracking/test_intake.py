"""A hit goes to the stream, to the spool without Redis, and is refused where neither takes it."""

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tracking import intake
from tracking.consumer import read_spool
from tracking.intake import NotRecorded, append, new_client, record, spool
from tracking.tokens import Mark

MARK = Mark(7, 1001, 42)
Noted = Callable[[], list[dict[str, str]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "spool"
    monkeypatch.setattr(intake, "SPOOL", path)
    return path


@pytest.fixture
def no_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_client", new_client(f"unix://{tmp_path}/nothing.sock"))
    monkeypatch.setattr(intake, "_rest_until", 0.0)


def spooled(folder: Path) -> list[dict[str, str]]:
    return [entry for path in sorted(folder.glob("*.jsonl")) for entry in read_spool(path.name, path.read_bytes())]


def test_with_redis_it_goes_to_the_stream(noted: Noted, folder: Path) -> None:
    record("clicked", MARK, url="https://example.com/ü", rule="robot", at=1.5)
    (event,) = noted()
    assert event["i"]
    assert event | {"i": ""} == {
        "i": "",
        "k": "clicked",
        "m": "7.1001.42",
        "u": "https://example.com/ü",
        "r": "robot",
        "t": "1500",
    }
    assert not folder.exists()


def test_each_hit_has_a_name_of_its_own(noted: Noted) -> None:
    for _ in range(20):
        record("opened", MARK)
    assert len({event["i"] for event in noted()}) == 20


@pytest.mark.usefixtures("no_redis")
def test_without_redis_it_goes_to_the_spool_in_the_same_form(folder: Path) -> None:
    record("opened", MARK, at=1.5)
    record("clicked", MARK, url="https://example.com/\n\u2028", at=2)
    assert [(entry["k"], entry["u"], entry["t"]) for entry in spooled(folder)] == [
        ("opened", "", "1500"),
        ("clicked", "https://example.com/\n\u2028", "2000"),
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir()), "for its owner's eyes alone"


@pytest.mark.usefixtures("no_redis")
def test_after_a_failure_redis_is_left_alone_for_a_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record("opened", MARK)
    asked: list[int] = []

    def xadd(*args: object, **kwargs: object) -> None:
        asked.append(1)

    monkeypatch.setattr(intake._client, "xadd", xadd)
    record("opened", MARK)
    assert asked == []
    monkeypatch.setattr(intake, "_rest_until", time.monotonic())
    record("opened", MARK)
    assert asked == [1]
    assert len(spooled(folder)) == 2


@pytest.mark.usefixtures("no_redis")
def test_where_the_disk_takes_nothing_either_it_says_so(folder: Path) -> None:
    folder.write_text("a file stands where the folder should be")
    with pytest.raises(NotRecorded):
        record("opened", MARK)


@pytest.mark.usefixtures("no_redis")
def test_a_line_that_a_full_disk_cut_off_is_refused_and_spoils_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, data[:10]))
    with pytest.raises(NotRecorded):
        spool({"i": "cut"})
    monkeypatch.setattr(os, "write", whole)
    spool({"i": "kept"})
    assert spooled(folder) == [{"i": "kept"}]


def test_many_threads_write_whole_lines(folder: Path) -> None:
    def work(thread: int) -> None:
        for number in range(50):
            spool({"i": f"{thread}-{number}", "u": "x" * 300})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({entry["i"] for entry in spooled(folder)}) == 400


def test_a_file_taken_away_meanwhile_is_not_written_to(folder: Path) -> None:
    """The consumer holds the lock, reads, deletes: the writer that waited for it notices."""
    folder.mkdir()
    path = folder / "1-1.jsonl"
    path.write_text("")
    results: list[bool] = []
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=lambda: results.append(append(path, b"late\n")))
        thread.start()
        time.sleep(0.1)
        path.unlink()
    thread.join(5)
    assert results == [False]
    assert append(path, json.dumps({}).encode())
