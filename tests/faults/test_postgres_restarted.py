"""PostgreSQL is restarted, or crashes, in the middle of a campaign: the workers go on by themselves when it is back."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.campaigns.launching import Launcher
from tests.faults.conftest import Spawn, test_database_url
from tests.faults.healing import SOON, check_rows
from tests.faults.own_postgres import OwnPostgres
from tests.faults.workers import scheduler, worker

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 90
SENDERS = 3
OPEN = "SELECT count(*) FROM campaigns_message WHERE state IN ('planned', 'sending')"
ROWS = "SELECT lead.email, message.state FROM campaigns_message message JOIN leads_lead lead ON lead.id = lead_id"


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    running = OwnPostgres()
    yield running
    running.remove()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} seconds"
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restarted", "crashed"])
def test_the_campaign_goes_on_when_it_is_back(
    launcher: Launcher, own_postgres: OwnPostgres, spawn: Spawn, tmp_path: Path, how: int
) -> None:
    launcher.server.delay("END", 0.1)
    launcher.start(LEADS, senders=[launcher.sender(f"sender{number}") for number in range(SENDERS)])
    own_postgres.make(test_database_url())
    worker(spawn, DATABASE_URL=own_postgres.url())
    scheduler(spawn, tmp_path, DATABASE_URL=own_postgres.url())
    until(lambda: len(launcher.received()) >= 9)
    own_postgres.stop(how)
    time.sleep(2)
    had = len(launcher.received())
    assert had < LEADS
    own_postgres.start()
    until(lambda: own_postgres.rows(OPEN) == [(0,)], SOON)
    check_rows(own_postgres.rows(ROWS), launcher.received(), LEADS, unknown=SENDERS)
    assert len(launcher.received()) > had
