"""PostgreSQL hangs up in the middle of a drain: no answer of a mail server is lost, nothing is sent twice."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from campaigns import engine
from campaigns.models import Campaign, Message
from senders.models import Sender
from tests.campaigns.launching import Launcher, only_sender, states
from tests.faults.conftest import test_database_url
from tests.providers.smtp import SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)

# Every connection to a database but the one that asks and those named.
HANG_UP = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid() AND NOT pid = ANY(%s)
"""


def drain_in_thread(sender: int, results: list[Any]) -> threading.Thread:
    def run() -> None:
        try:
            results.append(engine.drain(sender).counts)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def own_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def cut(spare: list[int]) -> int:
    """Terminate the drain's connections; how many there were."""
    with psycopg.connect(test_database_url(), autocommit=True) as killer:
        row = killer.execute(HANG_UP, [connection.settings_dict["NAME"], spare]).fetchone()
    return int(row[0]) if row else 0


@contextlib.contextmanager
def away(spare: list[int]) -> Iterator[None]:
    """For the drain, PostgreSQL hangs up and takes no more connections."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    url = make_conninfo(test_database_url(), dbname="postgres")
    with psycopg.connect(url, autocommit=True) as postgres:
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        try:
            postgres.execute(HANG_UP, [connection.settings_dict["NAME"], spare])
            yield
        finally:
            postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


def wait_for(server: SmtpServer, number: int) -> None:
    deadline = time.monotonic() + 30
    while len(server.mails) < number and time.monotonic() < deadline:
        time.sleep(0.002)
    assert len(server.mails) >= number


def finish(campaign: Campaign, sender: int) -> None:
    for _ in range(3):
        Sender.objects.update(lease=None, lease_until=None, next_slot_at=timezone.now())
        engine.recover_abandoned()
        engine.drain(sender)


def test_connections_cut_again_and_again(launcher: Launcher) -> None:
    launcher.server.delay("END", 0.01)
    campaign = launcher.start(120)
    sender, spare, results = only_sender(campaign).pk, [own_pid()], list[Any]()
    thread = drain_in_thread(sender, results)
    for number in (5, 25, 26, 50, 80):
        wait_for(launcher.server, number)
        while not cut(spare):  # it is just connecting again
            time.sleep(0.01)
    thread.join(60)
    finish(campaign, sender)
    assert states(campaign) == {"sent": 120}, "not even one in doubt: every answer was recorded over a new connection"
    assert max(Counter(launcher.received()).values()) == 1


def test_an_answer_that_comes_while_postgresql_is_away_is_recorded_when_it_is_back(launcher: Launcher) -> None:
    """The server thinks over one mail; meanwhile nobody can connect to PostgreSQL for a while."""
    launcher.server.delay("END", 0.5, recipient="lead2@example.com")
    campaign = launcher.start(5)
    sender, spare, results = only_sender(campaign).pk, [own_pid()], list[Any]()
    thread = drain_in_thread(sender, results)
    wait_for(launcher.server, 2)
    time.sleep(0.1)
    with away(spare):
        time.sleep(1.5)
        assert thread.is_alive(), "it waits with the answer in its hands"
    thread.join(30)
    finish(campaign, sender)
    assert states(campaign) == {"sent": 5}
    assert max(Counter(launcher.received()).values()) == 1


def test_a_drain_whose_database_stays_away_ends_quietly(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.engine.persist.SECONDS", 0.3)
    launcher.server.delay("END", 0.3)
    campaign = launcher.start(4)
    sender, spare, results = only_sender(campaign).pk, [own_pid()], list[Any]()
    thread = drain_in_thread(sender, results)
    wait_for(launcher.server, 1)
    with away(spare):
        thread.join(30)
    assert not thread.is_alive()
    finish(campaign, sender)
    counts = states(campaign)
    assert counts.get("unknown", 0) <= 1
    assert sum(counts.values()) == 4
    assert set(counts) <= {"sent", "unknown"}
    assert max(Counter(launcher.received()).values()) == 1
    assert Message.objects.filter(state="sent").count() <= len(launcher.received())
