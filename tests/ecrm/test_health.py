"""`/healthz` and `/readyz`."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ecrm import health


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs beside the tests; tests/ecrm/test_up.py asks a real one."""
    monkeypatch.setattr(health, "worker_answers", lambda: True)


def test_the_process_lives() -> None:
    response = Client().get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"ok": True}


def test_it_is_ready_when_all_three_answer(db: None, worker: None) -> None:
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"ok": True, "database": True, "redis": True, "worker": True}


def test_without_a_worker_it_is_not_ready(db: None) -> None:
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ok": False, "database": True, "redis": True, "worker": False}


def test_without_redis_it_is_not_ready(db: None, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ok": False, "database": True, "redis": False, "worker": False}


def test_without_a_database_it_is_not_ready(transactional_db: None, worker: None) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(connection.settings_dict, "HOST", "/nowhere")
        connection.close()
        response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ok": False, "database": False, "redis": True, "worker": True}
