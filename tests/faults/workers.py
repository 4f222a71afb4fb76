"""The send engine's processes as `up` runs them (ecrm.embedded.programs), but fewer threads: worker and scheduler."""

import subprocess
from pathlib import Path

from tests.faults.conftest import Spawn

CELERY = ("-m", "celery", "--app", "ecrm", "--quiet")
POOL = ("--without-mingle", "--without-gossip", "--pool", "threads", "--concurrency", "8", "--queues", "ticks,send")


def worker(spawn: Spawn, **environment: str) -> "subprocess.Popen[bytes]":
    return spawn(*CELERY, "worker", "--loglevel", "CRITICAL", *POOL, **environment)


def scheduler(spawn: Spawn, folder: Path, **environment: str) -> "subprocess.Popen[bytes]":
    kept = ("--schedule", str(folder / "beat-schedule"), "--pidfile", "")
    return spawn(*CELERY, "beat", "--loglevel", "CRITICAL", *kept, **environment)
