"""A program that we start: it is waited for, it is stopped, and it never outlives us."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ecrm.embedded.processes import Service, await_end, bury, ended, run_to_end, stop_process

ROOT = Path(__file__).resolve().parent.parent.parent
SLEEP = ["sleep", "60"]
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_asked_to_stop_with_its_own_signal() -> None:
    process = Service("sleep", SLEEP).start()
    stop_process(process, signal.SIGINT)
    assert process.returncode == -signal.SIGINT


def test_one_that_does_not_stop_in_time_is_killed() -> None:
    process = Service("stubborn", STUBBORN).start()
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGTERM)
    await_end(process, seconds=0.2)
    assert process.returncode == -signal.SIGKILL


def test_hurry_ends_the_wait() -> None:
    process = Service("sleep", SLEEP).start()
    before = time.monotonic()
    await_end(process, seconds=30, hurry=lambda: True)
    assert time.monotonic() - before < 5
    assert ended(process)


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    process = Service("parent", ["sh", "-c", f"sleep 60 & echo $! > {note}; wait"]).start()
    wait_until(lambda: note.exists() and bool(note.read_text()))
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: ended(process))
    assert bury(process) == -signal.SIGKILL
    wait_until(lambda: not alive(int(note.read_text())))


def test_a_killed_parent_takes_its_children_along() -> None:
    program = (
        "import sys, time; from ecrm.embedded.processes import Service\n"
        "print(Service('child', ['sleep', '60']).start().pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive(child))


def test_one_that_dies_as_it_starts_says_why(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo no room left; exit 3"]
    service = Service("database", command, ready=lambda: False, log_file=tmp_path / "log")
    with pytest.raises(RuntimeError, match=r"database stopped as it started \(exit 3\).\nno room left"):
        service.wait_ready(service.start())


def test_one_that_never_answers_is_not_waited_for_for_ever() -> None:
    service = Service("mute", SLEEP, ready=lambda: False)
    process = service.start()
    with pytest.raises(RuntimeError, match="mute did not answer within 0 seconds"):
        service.wait_ready(process, seconds=0.1)
    stop_process(process, signal.SIGTERM)


def test_a_wait_may_be_broken_off() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_to_end(Service("sleep", SLEEP), between=stop)


def test_a_command_gives_its_exit_code() -> None:
    assert run_to_end(Service("false", ["sh", "-c", "exit 4"])) == 4


def test_silence_is_about_what_it_says_and_not_about_its_errors(capfd: pytest.CaptureFixture[str]) -> None:
    run_to_end(Service("worker", ["sh", "-c", "echo chatter; echo trouble >&2"], silent=True))
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == "trouble\n"
