"""A worker that is killed while a sender has several connections open leaves one mail in doubt for each at the most."""

import signal
import time
from collections import Counter

import pytest

from campaigns import engine
from campaigns.models import Message
from tests.campaigns.launching import Launcher, states
from tests.faults.conftest import Spawn
from tests.faults.test_worker_killed import expire_leases, until

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 150
CONNECTIONS = 4


def test_at_most_one_unknown_for_each_open_connection(launcher: Launcher, spawn: Spawn) -> None:
    launcher.server.delay("END", 0.05)
    sender = launcher.sender(connections=CONNECTIONS)
    campaign = launcher.start(LEADS, senders=[sender])
    for taken in (20, 70):
        process = spawn("-m", "tests.faults.drains", str(sender.pk))
        until(lambda taken=taken: len(launcher.server.mails) >= taken, process)  # type: ignore[misc]
        assert launcher.server.open == CONNECTIONS
        process.send_signal(signal.SIGKILL)
        process.wait()
        expire_leases()
    time.sleep(0.1)  # what is on its way to the server arrives
    while engine.drain(sender.pk).counts:
        pass
    received = Counter(launcher.received())
    assert max(received.values()) == 1, "a mail was doubled"
    rows = dict(Message.objects.filter(campaign=campaign).values_list("lead__email", "state"))
    assert set(rows.values()) <= {"sent", "unknown"}, "a mail was lost"
    assert all(email in received for email, state in rows.items() if state == "sent")
    assert 1 <= states(campaign)["unknown"] <= 2 * CONNECTIONS
