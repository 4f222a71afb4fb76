"""What `up` runs, and on which ports."""

import itertools
import socket
from pathlib import Path

import pytest
from django.conf import settings

from ecrm.celery import app
from ecrm.embedded import environment as env
from ecrm.embedded.programs import Options, choose_catcher, free_port, port_is_free, programs


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECRM_DATA_DIR", str(tmp_path))
    for name in ("ECRM_RELAY_HOST", "ECRM_MAIL_CATCHER_PORT", "ECRM_MAIL_CATCHER_DIR"):
        monkeypatch.setenv(name, "")
    return tmp_path


def names(**changes: object) -> list[str]:
    values: dict[str, object] = {"host": "127.0.0.1", "port": 1, "url": "http://localhost:1", "demo": False}
    return [service.name for service in programs(Options(**(values | changes)))]  # type: ignore[arg-type]


def test_the_catcher_and_the_recipients_run_only_where_they_are_wanted() -> None:
    assert names() == ["consumer", "sending", "ticks", "imports", "scheduler", "web"]
    assert names(catcher=2525, demo=True) == ["catcher", *names(), "recipients"]


def test_the_catcher_keeps_its_port() -> None:
    first = choose_catcher("http://localhost:1")
    assert first == choose_catcher("http://localhost:1")
    assert env.kept_values()["ECRM_MAIL_CATCHER_PORT"] == str(first)
    assert first is not None
    with socket.create_server(("127.0.0.1", first)):
        assert choose_catcher("http://localhost:1") not in {None, first}


def test_with_a_relay_there_is_no_catcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECRM_RELAY_HOST", "relay.example")
    assert choose_catcher("http://localhost:1") is None


def test_a_taken_port_is_seen() -> None:
    port = free_port()
    assert port_is_free("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)):
        assert not port_is_free("127.0.0.1", port)


def test_an_address_that_does_not_exist_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"no address nowhere\.invalid"):
        port_is_free("nowhere.invalid", 1)


def test_each_queue_has_one_worker_and_nothing_stands_before_a_tick() -> None:
    commands = {
        service.name: service.command for service in programs(Options("127.0.0.1", 1, "http://localhost:1", demo=False))
    }
    served = {
        name: command[command.index("--queues") + 1].split(",")
        for name, command in commands.items()
        if "--queues" in command
    }
    assert sorted(itertools.chain(*served.values())) == sorted(queue.name for queue in settings.CELERY_TASK_QUEUES)
    assert served["ticks"] == ["ticks"]


def test_what_is_long_goes_its_own_way() -> None:
    def queue(task: str) -> str:
        return str(app.amqp.router.route({}, task)["queue"].name)

    assert queue("campaigns.tasks.tick") == "ticks"
    assert queue("campaigns.tasks.drain_sender") == "send"
    assert queue("leads.tasks.run_import") == "imports"
    assert queue("senders.tasks.tell_owners") == "celery"
