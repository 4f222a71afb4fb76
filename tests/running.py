"""The whole product, started as a newcomer starts it, on a free port and a data directory of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90
STOP_SECONDS = 60


@dataclass(frozen=True)
class Product:
    url: str
    data: Path
    process: "subprocess.Popen[bytes]"

    @property
    def output(self) -> str:
        return (self.data / "up.out").read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """The output of `manage.py` beside the running product; raises where it fails."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment(self.data), check=True, capture_output=True, text=True)
        return done.stdout

    def answers(self, path: str = "/readyz") -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_for(self, path: str = "/readyz", seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not self.answers(path):
            assert self.process.poll() is None, f"up stopped:\n{self.output}"
            assert time.monotonic() < deadline, f"{path} does not answer:\n{self.output}"
            time.sleep(0.2)


def environment(data: Path) -> dict[str, str]:
    """This process's environment without what the test services and earlier starts put into it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECRM_")}
    for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"):
        kept.pop(name, None)
    return kept | {"ECRM_DATA_DIR": str(data)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(data: Path, *options: str, variables: Mapping[str, str] | None = None) -> Iterator[Product]:
    """`manage.py up` with `options`, ready to be used; stopped as by Ctrl-C at the end. `variables`: of its environment."""
    port = free_port()
    command = [sys.executable, "manage.py", "up", "--port", str(port), "--data-dir", str(data), *options]
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.out").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(data) | dict(variables or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    product = Product(f"http://localhost:{port}", data, process)
    try:
        product.wait_for()
        yield product
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)
