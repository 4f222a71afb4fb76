"""What every benchmark needs: services of its own, a fresh database, a loopback SMTP sink, medians."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median


def prepare() -> None:
    """Start PostgreSQL and Redis, durable as in production, in a data directory that goes at the end; migrate."""
    import atexit

    directory = tempfile.mkdtemp(prefix="ecrm-benchmark-")
    os.environ |= {"ECRM_DATA_DIR": directory, "ECRM_ENV": "development", "ECRM_LOG_LEVEL": "WARNING"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecrm.settings")
    # Registered first, so that it runs last: the services are stopped by then.
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    from ecrm import embedded

    embedded.use_services()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


TICKS = os.sysconf("SC_CLK_TCK")


def postgres() -> list[int]:
    """The processes of the benchmark's PostgreSQL (Linux)."""
    directory = os.environ["ECRM_DATA_DIR"]
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"postgres" in (entry / "cmdline").read_bytes() and str((entry / "cwd").readlink()).startswith(
                directory
            ):
                found.append(int(entry.name))
    return found


def computing(pids: Iterable[int]) -> float:
    """Seconds of computing of these processes and of those of their children that have ended (proc_pid_stat(5))."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def program(name: str) -> str:
    """The path of a Postfix test program (Debian package postfix; no daemon is needed)."""
    found = shutil.which(name) or next((str(path) for path in [Path("/usr/sbin") / name] if path.exists()), None)
    if found is None:
        sys.exit(f"{name} is missing: apt-get install postfix")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's smtp-sink on a loopback port; yields the port."""
    port = free_port()
    # As root it wants to know whom to run as.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program("smtp-sink"), *user, f"127.0.0.1:{port}", "1024"])
    try:
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def smtp_source(port: int, messages: int, size: int, *options: str) -> float:
    """Seconds that Postfix's smtp-source takes to push `messages` of `size` bytes into the sink."""
    command = [program("smtp-source"), *options, "-m", str(messages), "-l", str(size), f"127.0.0.1:{port}"]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def report(name: str, ours: list[float], yardstick: list[float], messages: int, against: str) -> None:
    """Print medians and their ratio; `ours` and `yardstick` are seconds for `messages`."""
    rate, theirs = messages / median(ours), messages / median(yardstick)
    print(f"{name}: {rate:,.0f}/s (runs: {', '.join(f'{messages / value:,.0f}' for value in ours)})")
    print(f"{against}: {theirs:,.0f}/s (runs: {', '.join(f'{messages / value:,.0f}' for value in yardstick)})")
    print(f"ratio: {rate / theirs:.3f}")
