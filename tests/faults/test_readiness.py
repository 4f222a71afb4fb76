"""`/readyz` with real workers: ready is what has one for every queue."""

import time

import pytest
from django.test import Client

from tests.faults.conftest import Spawn

WORKER = ("-m", "celery", "--app", "ecrm", "--quiet", "worker", "--pool", "threads", "--concurrency", "2")


def ready_within(seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if Client().get("/readyz").status_code == 200:
            return True
        time.sleep(0.2)
    return False


@pytest.mark.django_db(transaction=True)
def test_without_a_worker_for_ticks_nothing_would_be_sent_and_it_says_so(spawn: Spawn) -> None:
    spawn(*WORKER, "-n", "send@%h", "--queues", "send,celery,imports")
    assert not ready_within(8)
    for name in ("one", "two", "three"):
        spawn(*WORKER, "-n", f"{name}@%h", "--queues", "ticks")
    assert ready_within(30)
