"""Clocks that jump: a worker's own does not count, PostgreSQL's does, and where that one is set back nothing is doubled."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from campaigns.models import Message
from tests.campaigns.launching import Launcher, only_sender, states
from tests.clock import database_clock, execute, set_database
from tests.faults.conftest import Spawn
from tests.faults.healing import SHORT_LEASE, check, make_due, tick, wait_until_over

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 40
HOUR = 3600
DRAINS = ("-m", "tests.faults.drains")
SHORT = {"LEASE_SECONDS": str(SHORT_LEASE), "BATCH": "5"}


@pytest.fixture
def set_clock(transactional_db: None) -> Iterator[Callable[[int], None]]:
    """Sets the database's clock so many seconds forward, or back, for all of its connections at once."""
    with database_clock():
        yield set_database


def until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


@pytest.mark.parametrize("off", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_worker_whose_clock_is_wrong_takes_no_living_ones_sender(launcher: Launcher, spawn: Spawn, off: int) -> None:
    launcher.server.delay("END", 0.03)
    campaign = launcher.start(LEADS)
    sender = str(only_sender(campaign).pk)
    right = spawn(*DRAINS, sender, **SHORT)
    wrong = spawn(*DRAINS, sender, **SHORT, CLOCK_OFF=str(off))
    assert (right.wait(60), wrong.wait(60)) == (0, 0)
    assert states(campaign) == {"sent": LEADS}
    check(launcher, campaign, LEADS, unknown=0)


def test_a_worker_whose_clock_is_ahead_sends_nothing_before_its_time(launcher: Launcher, spawn: Spawn) -> None:
    campaign = launcher.start(LEADS)
    later = Message.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True)[LEADS - 1 :]
    execute(f"UPDATE campaigns_message SET due_at = now() + interval '30 minutes' WHERE id = {later[0]}")
    process = spawn(*DRAINS, str(only_sender(campaign).pk), **SHORT, CLOCK_OFF=str(HOUR))
    until(lambda: states(campaign).get("sent", 0) == LEADS - 1, process)
    time.sleep(0.5)
    assert states(campaign) == {"sent": LEADS - 1, "planned": 1}


def test_the_databases_clock_is_set_back_while_a_worker_sends(
    launcher: Launcher, spawn: Spawn, set_clock: Callable[[int], None]
) -> None:
    launcher.server.delay("END", 0.02)
    campaign = launcher.start(LEADS)
    make_due(campaign)
    process = spawn(*DRAINS, str(only_sender(campaign).pk), **SHORT)
    until(lambda: len(launcher.received()) >= 8, process)
    set_clock(-HOUR)
    tick()  # another worker looks, and finds nothing that were its own to take up
    assert process.wait(60) == 0
    wait_until_over(campaign)
    check(launcher, campaign, LEADS, unknown=1)


@pytest.mark.parametrize("then", [-HOUR, HOUR], ids=["back", "forward"])
def test_the_databases_clock_jumps_as_a_worker_dies(
    launcher: Launcher, spawn: Spawn, set_clock: Callable[[int], None], then: int
) -> None:
    """Its lease then seems to hold for another hour, and holds no longer than any."""
    launcher.server.delay("END", 0.02)
    campaign = launcher.start(LEADS)
    make_due(campaign)
    process = spawn(*DRAINS, str(only_sender(campaign).pk), **SHORT)
    until(lambda: len(launcher.received()) >= 8, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    set_clock(then)
    wait_until_over(campaign)
    check(launcher, campaign, LEADS, unknown=1)
