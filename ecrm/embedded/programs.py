"""Our own processes that `up` keeps running, in the order in which they start."""

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from kombu.exceptions import OperationalError

from ecrm.embedded import environment as env
from ecrm.embedded.processes import Service

PYTHON = sys.executable
CELERY = [PYTHON, "-m", "celery", "--app", "ecrm", "--quiet"]
WORKER = [*CELERY, "worker", "--loglevel", "WARNING", "--without-mingle", "--without-gossip", "--pool", "threads"]
# Celery's advice against root is about pickled messages; ours are JSON.
NO_ADVICE = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}


@dataclass(frozen=True)
class Options:
    """What `up` was asked for. `catcher` is the mail catcher's port, None without one."""

    host: str
    port: int
    url: str
    demo: bool
    catcher: int | None = None


def manage(name: str, *arguments: str) -> Service:
    return Service(name, [PYTHON, "manage.py", *arguments])


def programs(options: Options) -> Iterator[Service]:
    if options.catcher:
        yield catcher(options.catcher)
    yield manage("consumer", "consume_events")
    # A thread that waits on the network costs next to nothing, and a slow server may hold one for minutes: so many senders
    # may be slow before one that is not has to wait. The small periodic tasks find a thread there at any time.
    yield worker("sending", "send", "--queues", "send,celery", "--concurrency", "200")
    yield worker("ticks", "ticks", "--queues", "ticks", "--concurrency", "2")
    yield worker("imports", "imports", "--queues", "imports", "--concurrency", "4")
    yield Service("scheduler", [*CELERY, "beat", "--loglevel", "WARNING"], silent=True)
    yield web(options)
    if options.demo:
        yield manage("recipients", "demo_recipients")


def catcher(port: int) -> Service:
    return Service("catcher", [PYTHON, "manage.py", "mail_catcher"], ready=lambda: answers("127.0.0.1", port))


def worker(name: str, node: str, *options: str) -> Service:
    command = [*WORKER, *options, "-n", f"{node}@%h"]
    return Service(name, command, ready=lambda: worker_answers(node), environment=NO_ADVICE, silent=True)


def web(options: Options) -> Service:
    # Its warnings are about the number of threads, which wait for the database and not for a core; and for other people's
    # mail servers, up to half a minute (`ecrm.turns`), beside which the pixel must not wait.
    server = ["--interface", "wsgi", "--host", options.host, "--port", str(options.port), "--log-level", "error"]
    server += ["--workers", "1", "--blocking-threads", "64", "--no-ws", "--respawn-failed-workers"]
    host = "127.0.0.1" if options.host in {"0.0.0.0", "::"} else options.host  # noqa: S104  (compared, not bound)
    command = [PYTHON, "-m", "granian", *server, "ecrm.wsgi:application"]
    return Service("web", command, ready=lambda: answers(host, options.port))


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def worker_answers(node: str) -> bool:
    from celery.utils.nodenames import gethostname

    from ecrm.celery import app

    try:
        return bool(app.control.ping([f"{node}@{gethostname()}"], timeout=0.5))
    except (OperationalError, OSError):
        return False


def port_is_free(host: str, port: int) -> bool:
    """Whether `host` may be listened on at `port`; raises RuntimeError where there is no such address."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise RuntimeError(f"There is no address {host} to listen on ({error.strerror}).") from error
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError as error:
            raise RuntimeError(f"Port {port} needs root. Choose another with --port.") from error
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def catches_mail() -> bool:
    """Whether our own mail goes to the catcher: in development, without a relay of one's own."""
    return os.environ.get("ECRM_ENV") == "development" and not os.environ.get("ECRM_RELAY_HOST")


def choose_catcher(url: str) -> int | None:
    """Choose the catcher's port, the one of the last start where it is free; the settings point our own mail at it."""
    if not catches_mail():
        return None
    kept = env.kept_values().get("ECRM_MAIL_CATCHER_PORT", "")
    port = int(kept) if kept and port_is_free("127.0.0.1", int(kept)) else free_port()
    values = {"ECRM_MAIL_CATCHER_PORT": str(port), "ECRM_MAIL_CATCHER_DIR": str(env.data_dir() / "mail")}
    os.environ.update(values)
    env.keep_values(**values, ECRM_PUBLIC_URL=url)  # a command in another terminal sees the same
    return port
