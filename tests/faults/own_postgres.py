"""A PostgreSQL that a test may stop, kill and start again, with all that the tests' own database holds at that moment."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from ecrm.embedded.cluster import SETTINGS, initialise, programs
from ecrm.embedded.passage import postgres_user
from ecrm.embedded.processes import User

# It must survive its own death, not the machine's.
OPTIONS = SETTINGS | {"fsync": "off", "max_connections": "50", "shared_buffers": "32MB", "max_wal_size": "256MB"}


@dataclass
class OwnPostgres:
    """Its cluster and its socket lie in a folder of their own, which PostgreSQL's user can enter."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="p-")))
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def user(self) -> User | None:
        return postgres_user(self.data)

    def url(self, name: str = "ecrm") -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def make(self, source: str) -> None:
        """Initialise, start, and take over the database that libpq's words `source` name."""
        user = self.user
        if user:
            os.chown(self.folder, user.uid, user.gid)
        initialise(self.data, programs(), user)
        self.start()
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE ecrm")
        dump = subprocess.Popen([programs() / "pg_dump", "--no-owner", source], stdout=subprocess.PIPE)
        load = [str(programs() / "psql"), "--quiet", "--set", "ON_ERROR_STOP=1", self.url()]
        subprocess.run(load, stdin=dump.stdout, stdout=subprocess.DEVNULL, check=True)
        assert dump.wait() == 0

    def start(self) -> None:
        options = OPTIONS | {"unix_socket_directories": str(self.folder)}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [programs() / "postgres", "-D", self.data, *settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=self.user.uid if self.user else None,
            group=self.user.gid if self.user else None,
            extra_groups=[] if self.user else None,
            cwd="/",
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres")):
                return
            time.sleep(0.02)
        raise AssertionError("PostgreSQL did not start")

    def stop(self, how: int = signal.SIGINT) -> None:
        """SIGINT: in good order, connections cut. SIGQUIT: at once, and what it did last must come from its log
        (postgres(1)).
        """
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def rows(self, sql: str) -> list[Any]:
        with psycopg.connect(self.url()) as connection:
            return connection.execute(sql.encode()).fetchall()
