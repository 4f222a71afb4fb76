"""`scripts/up` end to end: a newcomer's start, Ctrl-C, dead processes, a second start, a killed `up`."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ecrm.test_embedded_processes import alive, wait_until
from tests.running import ROOT, Product, environment, free_port, running

# All that a newcomer reads, in this order.
LINES = [
    r"Starting PostgreSQL …",
    r"(PostgreSQL's user .* may now pass through .*\n)*Starting Redis …",
    r"Preparing the database …",
    r"Starting web server, workers and scheduler …",
    r"",
    r"eCRM is running at http://localhost:\d+/",
    r"  Mail that it sends is caught at http://localhost:\d+/dev/mail/ \(SMTP: localhost, port \d+\)",
    r"  Everything is kept in .*",
    r"Ctrl-C stops it\.",
]
PROGRAMS = ["granian", "consume_events", "--queues send", "--queues ticks", "--queues imports", "beat", "mail_catcher"]
ACCOUNT = ["--password", "correct horse battery", "--name", "Ada", "--organisation", "Kept"]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="ecrm up "))
    yield path / "data with blanks"
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def product(folder: Path) -> Iterator[Product]:
    with running(folder) as started:
        yield started


def children(product: Product) -> dict[int, str]:
    """The command lines of the supervisor's own children."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.joinpath("stat").read_text().rpartition(")")[2].split()[1]) == product.process.pid:
                found[int(process.name)] = process.joinpath("cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def up(*options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "manage.py"), "up", *options]
    clean = environment(Path("unused")) | settings
    clean.pop("ECRM_DATA_DIR")
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60, check=False, cwd="/")


def test_the_terminal_says_what_a_newcomer_needs_and_nothing_else(product: Product) -> None:
    wait_until(lambda: "Ctrl-C stops it." in product.output)
    said = [line for line in product.output.splitlines() if "/readyz" not in line]  # our own impatient asking
    assert re.fullmatch("\n".join(LINES), "\n".join(said)), product.output


def test_a_second_start_on_the_same_data_is_one_line(product: Product) -> None:
    done = up("--data-dir", str(product.data), "--port", str(free_port()))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"eCRM is already running on {product.data}. Stop it, or choose another --data-dir.\n"


def test_a_taken_port_is_one_line(product: Product, tmp_path: Path) -> None:
    port = product.url.rpartition(":")[2]
    done = up("--data-dir", str(tmp_path), "--port", port)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Port {port} is taken. Choose another with --port.\n"


def test_a_port_that_is_none_is_said_so() -> None:
    done = up("--port", "70000")
    assert done.returncode != 0
    assert "a port is a number from 1 to 65535" in done.stderr


def test_the_help_is_about_up_alone() -> None:
    done = up("--help")
    assert done.returncode == 0
    assert "usage: scripts/up [--port PORT]" in done.stdout
    assert "--demo" in done.stdout
    assert "--settings" not in done.stdout


def test_a_data_directory_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = up("--data-dir", str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"The data directory {tmp_path / 'file' / 'data'} cannot be used: ")
    assert done.stderr.count("\n") == 1


def test_killed_programs_are_started_again(product: Product) -> None:
    before = children(product)
    for pid, command in before.items():
        if any(program in command for program in PROGRAMS):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(children(product)) == len(before) and len(set(children(product)) & set(before)) == 2, 30)
    product.wait_for()
    assert product.output.count("stopped (SIGKILL); starting it again.") == len(PROGRAMS)


def test_a_killed_database_and_redis_come_back_with_their_data(product: Product) -> None:
    product.manage("createaccount", "--email", "ada@kept.example", *ACCOUNT)
    killed = [
        pid for pid, command in children(product).items() if "bin/postgres" in command or "redis-server" in command
    ]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in killed))
    product.wait_for()
    assert len(killed) == 2
    assert kept(product)


def kept(product: Product) -> bool:
    question = "from accounts.models import User; print(User.objects.filter(email='ada@kept.example').exists())"
    return product.manage("shell", "--no-imports", "-c", question).strip() == "True"


def test_after_a_killed_up_the_next_start_takes_over_and_keeps_the_data(product: Product) -> None:
    left = children(product)
    product.process.kill()
    product.process.wait()
    with running(product.data) as again:
        assert not [pid for pid in left if alive(pid)]
        assert kept(again)
        ours = children(again)
        assert len(ours) == len(PROGRAMS) + 2
        again.process.send_signal(signal.SIGINT)
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(30) == 0
    assert not [pid for pid in ours if alive(pid)]
    assert "\nStopped.\n" in again.output
