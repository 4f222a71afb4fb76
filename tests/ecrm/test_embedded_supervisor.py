"""The supervisor on small programs: order, restarts, signals."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrm.embedded import supervisor
from ecrm.embedded.processes import Service, ended
from ecrm.embedded.programs import Options
from ecrm.embedded.supervisor import Child, Stop, Supervisor, reason
from tests.ecrm.test_embedded_processes import wait_until

OPTIONS = Options("127.0.0.1", 1, "http://localhost:1", demo=False)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Supervisor]:
    monkeypatch.setenv("ECRM_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(supervisor, "RESTART_SECONDS", 0.05)
    started = Supervisor(OPTIONS)
    yield started
    started.stop_all()


def kill(child: Child) -> None:
    os.kill(child.process.pid, signal.SIGKILL)
    wait_until(lambda: ended(child.process))


def test_a_dead_process_is_started_again(running: Supervisor, capsys: pytest.CaptureFixture[str]) -> None:
    child = running.launch(Service("web", ["sleep", "60"]))
    first = child.process.pid
    kill(child)
    child.check()
    time.sleep(0.1)
    child.check()
    assert child.process.pid != first
    assert not ended(child.process)
    assert capsys.readouterr().out == "web stopped (SIGKILL); starting it again.\n"


def test_one_that_keeps_dying_is_given_more_and_more_time(running: Supervisor) -> None:
    child = running.launch(Service("web", ["sh", "-c", "exit 3"]))
    pauses = []
    for _ in range(4):
        wait_until(lambda: ended(child.process))
        child.check()
        pauses.append(child.pause)
        assert child.restart_at is not None
        child.restart_at = time.monotonic()
        child.check()
    assert pauses == [0.1, 0.2, 0.4, 0.8]


def test_one_that_lived_long_starts_over_at_once(running: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "HEALTHY_AFTER", 0.0)
    child = running.launch(Service("web", ["sleep", "60"]))
    child.pause = 30.0
    kill(child)
    child.check()
    assert child.pause == 0.1


def test_the_database_is_stopped_after_those_who_use_it(running: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "order"
    slow = f"trap 'sleep 0.3; echo web >> {note}; exit' TERM; while :; do sleep 0.05; done"
    quick = f"trap 'echo postgres >> {note}; exit' INT; while :; do sleep 0.05; done"
    running.launch(Service("postgres", ["sh", "-c", quick], stop_signal=signal.SIGINT))
    running.launch(Service("web", ["sh", "-c", slow]))
    time.sleep(0.3)
    running.stop_all()
    assert note.read_text().split() == ["web", "postgres"]


def test_a_signal_ends_a_wait_and_a_second_one_does_not_wait(running: Supervisor) -> None:
    web = running.launch(Service("web", ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]))
    time.sleep(0.2)
    running.on_signal(signal.SIGINT, None)
    with pytest.raises(Stop):
        running.watch()
    previous = signal.signal(signal.SIGALRM, running.on_signal)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    before = time.monotonic()
    running.stop_all()
    signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - before < 5
    assert ended(web.process)


def test_a_command_that_fails_ends_the_start(running: Supervisor) -> None:
    with pytest.raises(RuntimeError, match="could not be brought up to date"):
        running.complete(Service("migrate", ["sh", "-c", "exit 1"]), "It could not be brought up to date.")


def test_a_demonstration_needs_the_catcher(running: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "port_is_free", lambda host, port: True)
    monkeypatch.setenv("ECRM_RELAY_HOST", "relay.example")
    running.options = Options("127.0.0.1", 1, "http://localhost:1", demo=True)
    with pytest.raises(RuntimeError, match="--demo needs the mail catcher"):
        running.check_options()


def test_an_exit_code_is_told_as_people_say_it() -> None:
    assert reason(3) == "exit 3"
    assert reason(-9) == "SIGKILL"
