"""A program to run: how it starts, how to tell that it answers, how it ends, and that it never outlives its parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ecrm.embedded import locks
from ecrm.embedded.environment import BASE_DIR

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05

PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def nothing() -> None:
    """What waits may be given to do between two looks: raise, where they shall end early."""


@dataclass(frozen=True)
class User:
    """Whom a program runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Service:
    """A program: its command, how to tell that it answers, and the signal that stops it in good order."""

    name: str
    command: list[str]
    ready: Callable[[], bool] = field(default=lambda: True)
    stop_signal: int = signal.SIGTERM
    user: User | None = None
    environment: dict[str, str] = field(default_factory=dict)
    log_file: Path | None = None
    silent: bool = False  # its standard output says nothing that anyone needs; its errors are shown

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it in a session of its own, so that a Ctrl-C in the terminal reaches only whoever supervises it."""
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self.log_file.open("ab")) if self.log_file else None
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if self.silent else output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lifeline(self.stop_signal),
                pass_fds=locks.inherited(),
                user=self.user.uid if self.user else None,
                group=self.user.gid if self.user else None,
                extra_groups=[] if self.user else None,
                env=os.environ | self.environment | {locks.STARTER: str(os.getpid())},
                cwd="/" if self.user else BASE_DIR,
            )

    def wait_ready(
        self, process: "subprocess.Popen[bytes]", seconds: float = START_SECONDS, between: Callable[[], None] = nothing
    ) -> None:
        """Block until it answers; raises RuntimeError with the end of its log where it died or took too long."""
        deadline = time.monotonic() + seconds
        while not self.ready():
            between()
            if ended(process):
                raise RuntimeError(f"{self.name} stopped as it started (exit {bury(process)}).{self.log_end()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not answer within {seconds:.0f} seconds.{self.log_end()}")
            time.sleep(POLL_SECONDS)

    def log_end(self) -> str:
        if self.log_file is None or not self.log_file.exists():
            return ""
        return "\n" + "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])


def lifeline(stop_signal: int) -> Callable[[], None] | None:
    """What a new child does first: have the kernel send it `stop_signal` when its parent dies, even of SIGKILL.

    Linux only (prctl(2)); the setting survives execve and is forgotten by a fork, so only the child itself is told.
    """
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether a child has ended, without reaping it: until `bury` does, its number is nobody else's."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # reaped elsewhere
        return process.poll() is not None


def bury(process: "subprocess.Popen[bytes]") -> int:
    """Kill a child and what is left of its process group, and return its exit code: a web worker whose parent was
    killed would keep the port.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def stop_process(process: "subprocess.Popen[bytes]", stop_signal: int) -> None:
    """Ask it to stop, and see to it that it does."""
    if not ended(process):
        os.kill(process.pid, stop_signal)
    await_end(process)


def await_end(
    process: "subprocess.Popen[bytes]", seconds: float = STOP_SECONDS, hurry: Callable[[], bool] = lambda: False
) -> None:
    """Wait for its end, and kill it where it takes longer than `seconds`, or as soon as `hurry` says so."""
    deadline = time.monotonic() + seconds
    while not ended(process) and time.monotonic() < deadline and not hurry():
        time.sleep(POLL_SECONDS)
    bury(process)


def run_to_end(service: Service, between: Callable[[], None] = nothing) -> int:
    """Run a command until it ends, and return its exit code; it is stopped where `between` raises."""
    process = service.start()
    try:
        while not ended(process):
            between()
            time.sleep(POLL_SECONDS)
    finally:
        stop_process(process, service.stop_signal)
    return process.wait()
