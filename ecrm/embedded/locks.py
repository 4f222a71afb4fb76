"""Who uses a data directory: two lock files (flock(2)), which the kernel releases however their holders end.

`up.lock` belongs to one running `up`. `services.lock` is held by whoever started PostgreSQL or Redis there and, inherited
with the open file, by every process it started: as long as it is held, something of an earlier start still runs.
"""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from ecrm.embedded.environment import data_dir, make_data_dir

PATIENCE_SECONDS = 30.0
QUIET_SECONDS = 2.0
# In the environment of every process we start: the process id of the one that did.
STARTER = "ECRM_STARTED_BY"

_held: list[IO[str]] = []


class DataInUse(RuntimeError):
    """Something else uses the data directory; its text says what."""


def inherited() -> tuple[int, ...]:
    """The file descriptors that a new child keeps open, and the lock with them."""
    return tuple(file.fileno() for file in _held)


@contextlib.contextmanager
def lock_for_up() -> Iterator[bool]:
    """This data directory's one `up`, for as long as the block runs; False where another is."""
    with open_lock("up.lock") as file:
        yield try_lock(file, fcntl.LOCK_EX)


def hold_services(kind: int) -> bool:
    """Take `services.lock` (LOCK_EX or LOCK_SH), now and until this process and all it starts have ended; False where
    others hold it.
    """
    file = open_lock("services.lock")
    if not try_lock(file, kind):
        file.close()
        return False
    _held.append(file)
    return True


def open_lock(name: str) -> IO[str]:
    return (make_data_dir() / name).open("a")


def try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take_over(say: Callable[[str], None], between: Callable[[], None]) -> None:
    """Hold the services for `up`. Where an earlier `up` was killed, its processes are ending: wait, then kill them.

    Raises DataInUse where they belong to a command that still runs.
    """
    start = time.monotonic()
    said = False
    while not hold_services(fcntl.LOCK_EX):
        between()
        others = living_starters()
        waited = time.monotonic() - start
        if waited > QUIET_SECONDS and others:
            raise DataInUse(f"Another command uses {data_dir()} ({'; '.join(others)}). Let it end first.")
        if waited > QUIET_SECONDS and not said:
            said = True
            say("Waiting for what an earlier start left running …")
        if waited > PATIENCE_SECONDS:
            for pid in holders():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        if waited > PATIENCE_SECONDS + 5:
            raise DataInUse(f"Processes of an earlier start still use {data_dir()} and do not end.")
        time.sleep(0.1)


def holders() -> list[int]:
    """The other processes that hold `services.lock` (proc(5)); none where there is no /proc to tell."""
    try:
        wanted = (data_dir() / "services.lock").stat()
    except FileNotFoundError:
        return []
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()) and has_open(process, (wanted.st_dev, wanted.st_ino)):
            found.append(int(process.name))
    return found


def has_open(process: Path, identity: tuple[int, int]) -> bool:
    with contextlib.suppress(OSError):  # it ended meanwhile, or is somebody else's
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                status = descriptor.stat()
                if (status.st_dev, status.st_ino) == identity:
                    return True
    return False


def living_starters() -> list[str]:
    """Those who hold the lock and were not started by a holder that is gone: commands that run, as a person knows them."""
    held = holders()
    return [description(pid) for pid in held if starter(pid) is None]


def starter(pid: int) -> int | None:
    """Who started this process as a service; None where nobody did: it is a starter itself, or it ended meanwhile."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    prefix = f"{STARTER}=".encode()
    return next((int(entry[len(prefix) :]) for entry in variables if entry.startswith(prefix)), None)


def description(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ").split()
    except OSError:
        words = []
    return f"process {pid}: {' '.join(words)[:80]}"
