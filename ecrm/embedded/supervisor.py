"""`up`: start every process in order, start again what dies, stop all in the reverse order on a signal.

Each child runs in a session of its own, so a Ctrl-C in the terminal reaches only this process, which then stops the
others in good order. A lock on the data directory keeps a second start away from it.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import IO

from ecrm.embedded import environment as env
from ecrm.embedded.services import Service, create_database, postgres, redis, stop_process

RESTART_SECONDS = 1.0  # the first pause before a dead process is started again; doubles up to …
RESTART_MOST = 30.0
HEALTHY_AFTER = 60.0  # … and starts over once it has lived this long


@dataclass(frozen=True)
class Options:
    host: str
    port: int
    demo: bool
    url: str


class Stop(Exception):
    """Raised in the main thread by SIGINT or SIGTERM."""


class Child:
    """A supervised process."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.process = service.start()
        self.started = time.monotonic()
        self.pause = RESTART_SECONDS
        self.restart_at: float | None = None

    def check(self) -> None:
        """Start it again where it has died, after a pause that grows while it keeps dying."""
        if self.process.poll() is None:
            return
        now = time.monotonic()
        if self.restart_at is None:
            if now - self.started > HEALTHY_AFTER:
                self.pause = RESTART_SECONDS
            self.restart_at = now + self.pause
            self.pause = min(self.pause * 2, RESTART_MOST)
            say(f"{self.service.name} stopped (exit {self.process.returncode}); starting it again.")
        elif now >= self.restart_at:
            self.process, self.started, self.restart_at = self.service.start(), now, None


def say(line: str) -> None:
    print(line, flush=True)


def fail(line: str) -> int:
    print(line, file=sys.stderr, flush=True)
    return 1


def run(options: Options) -> int:
    """Run until a signal; returns the exit code."""
    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    with contextlib.ExitStack() as stack:
        try:
            if not stack.enter_context(lock_data_dir()):
                return fail(f"eCRM is already running on {env.data_dir()}. Stop it, or choose another --data-dir.")
            if not port_is_free(options.host, options.port):
                return fail(f"Port {options.port} is taken. Choose another with --port.")
            children: list[Child] = []
            stack.callback(stop_all, children)
            start_all(children, options)
            while True:
                for child in children:
                    child.check()
                time.sleep(0.5)
        except Stop:
            say("\nStopping …")
        except RuntimeError as error:
            return fail(str(error))
    say("Stopped.")
    return 0


def on_signal(number: int, frame: FrameType | None) -> None:
    raise Stop


def stop_all(children: list[Child]) -> None:
    # A second Ctrl-C must not leave anything behind: the children are asked and, after their time, killed anyway.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    services = {"postgres", "redis"}
    ours = [child for child in children if child.service.name not in services]
    for child in ours:  # all at once: none of them needs another to stop
        if child.process.poll() is None:
            child.process.send_signal(child.service.stop_signal)
    for child in [*ours, *reversed([child for child in children if child.service.name in services])]:
        stop_process(child.process, child.service.stop_signal)


@contextlib.contextmanager
def lock_data_dir() -> Iterator[IO[str] | None]:
    """An exclusive lock on the data directory for as long as this process lives; None where another holds it."""
    env.data_dir().mkdir(parents=True, exist_ok=True)
    with (env.data_dir() / "up.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_all(children: list[Child], options: Options) -> None:
    """Services first, then the schema, then everything that uses them; returns once the web server answers."""
    os.environ["ECRM_SUPERVISED"] = "1"
    if env.uses_embedded_postgres():
        say("Starting PostgreSQL …")
        add(children, postgres())
        create_database()
    if env.uses_embedded_redis():
        say("Starting Redis …")
        add(children, redis())
    say("Migrating …")
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True, cwd=env.BASE_DIR)
    catcher = prepare_catcher(options.url)
    if options.demo:
        subprocess.run([sys.executable, "manage.py", "demo"], check=True, cwd=env.BASE_DIR)
    for service in programs(options, catcher):
        add(children, service)
    say(f"\neCRM is running at {options.url}/")
    if catcher:
        say(f"Mail that it sends is caught at {options.url}/dev/mail/ (SMTP on localhost:{catcher})")
    say("Ctrl-C stops it.")


def add(children: list[Child], service: Service) -> None:
    child = Child(service)
    children.append(child)
    service.wait_ready(child.process)


def prepare_catcher(url: str) -> int | None:
    """In development without a relay of one's own, choose the catcher's port; the settings point our own mail at it."""
    if os.environ.get("ECRM_ENV") != "development" or os.environ.get("ECRM_RELAY_HOST"):
        return None
    kept = env.kept_values().get("ECRM_MAIL_CATCHER_PORT", "")
    port = int(kept) if kept and port_is_free("127.0.0.1", int(kept)) else free_port()
    values = {"ECRM_MAIL_CATCHER_PORT": str(port), "ECRM_MAIL_CATCHER_DIR": str(env.data_dir() / "mail")}
    os.environ.update(values)
    env.keep_values(**values, ECRM_PUBLIC_URL=url)  # a command in another terminal sees the same
    return port


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def programs(options: Options, catcher: int | None) -> Iterator[Service]:
    """Our own processes, in the order in which they start."""
    python = sys.executable
    celery = [python, "-m", "celery", "--app", "ecrm", "--quiet"]
    worker = [*celery, "worker", "--loglevel", "WARNING", "--without-mingle", "--without-gossip"]
    if catcher:
        yield Service("catcher", [python, "manage.py", "mail_catcher"], ready=lambda: answers("127.0.0.1", catcher))
    yield Service("consumer", [python, "manage.py", "consume_events"])
    # Threads: a drain waits on the network nearly all of its time.
    yield Service("sending", [*worker, "--queues", "send", "--pool", "threads", "--concurrency", "32", "-n", "send@%h"])
    yield Service("worker", [*worker, "--pool", "threads", "--concurrency", "4", "-n", "work@%h"])
    yield Service("scheduler", [*celery, "beat", "--loglevel", "WARNING"])
    web = ["--interface", "wsgi", "--host", options.host, "--port", str(options.port)]
    web += [
        "--workers",
        "1",
        "--blocking-threads",
        "8",
        "--no-ws",
        "--respawn-failed-workers",
        "--log-level",
        "warning",
    ]
    command = [python, "-m", "granian", *web, "ecrm.wsgi:application"]
    yield Service("web", command, ready=lambda: answers(options.host, options.port))
