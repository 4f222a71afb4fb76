"""Who uses a data directory: one `up`, its processes, or a command."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrm.embedded import locks
from ecrm.embedded.processes import Service, stop_process
from tests.ecrm.test_embedded_processes import ROOT, alive, wait_until

# A command that holds the services of the data directory, and starts one.
COMMAND = """
import fcntl, time
from ecrm.embedded import locks
from ecrm.embedded.processes import Service
assert locks.hold_services(fcntl.LOCK_SH)
print(Service("child", ["sleep", "60"]).start().pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ECRM_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(locks, "_held", [])
    yield tmp_path
    for file in locks._held:
        file.close()


@pytest.fixture
def command() -> "Iterator[tuple[subprocess.Popen[str], int]]":
    """A running command and the process that it started."""
    process = subprocess.Popen([sys.executable, "-c", COMMAND], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, int(process.stdout.readline())
    process.kill()
    process.wait()


def nothing() -> None:
    pass


def test_only_one_up_at_a_time() -> None:
    with locks.lock_for_up() as first:
        with locks.lock_for_up() as second:
            assert (first, second) == (True, False)
    with locks.lock_for_up() as again:
        assert again


def test_commands_share_and_up_does_not() -> None:
    assert locks.hold_services(fcntl.LOCK_SH)
    assert locks.hold_services(fcntl.LOCK_SH)
    assert not locks.hold_services(fcntl.LOCK_EX)


def test_a_process_holds_the_lock_that_it_inherited() -> None:
    assert locks.hold_services(fcntl.LOCK_EX)
    process = Service("sleep", ["sleep", "60"]).start()
    locks._held.pop().close()
    assert not locks.hold_services(fcntl.LOCK_EX)
    assert locks.holders() == [process.pid]
    stop_process(process, signal.SIGTERM)
    assert locks.hold_services(fcntl.LOCK_EX)


def test_up_waits_for_what_a_killed_one_left(
    command: "tuple[subprocess.Popen[str], int]", capsys: pytest.CaptureFixture[str]
) -> None:
    process, child = command
    process.kill()
    locks.take_over(print, nothing)
    assert not alive(child)
    assert capsys.readouterr().out == ""  # that was quick, and nobody needs to know


def test_up_kills_what_does_not_end_by_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(locks, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(locks, "PATIENCE_SECONDS", 0.3)
    assert locks.hold_services(fcntl.LOCK_EX)
    process = Service("sleep", ["sleep", "60"]).start()
    locks._held.pop().close()
    locks.take_over(print, nothing)
    wait_until(lambda: not alive(process.pid))
    process.wait()
    assert "earlier start" in capsys.readouterr().out


def test_up_leaves_a_running_command_alone(
    command: "tuple[subprocess.Popen[str], int]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "QUIET_SECONDS", 0.1)
    process, child = command
    with pytest.raises(locks.DataInUse, match=f"process {process.pid}: .*Let it end first"):
        locks.take_over(print, nothing)
    assert alive(child)


def test_the_wait_may_be_broken_off() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    assert locks.hold_services(fcntl.LOCK_SH)
    with pytest.raises(KeyboardInterrupt):
        locks.take_over(print, stop)


def test_a_started_process_names_who_started_it() -> None:
    process = Service("sleep", ["sleep", "60"]).start()
    assert locks.starter(process.pid) == os.getpid()
    stop_process(process, signal.SIGTERM)
    assert locks.starter(process.pid) is None
