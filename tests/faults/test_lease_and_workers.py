"""Two workers at one sender, and one that sleeps through the end of its lease: one conversation with the server counts."""

import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from campaigns.models import Message
from tests.campaigns.launching import Launcher, message_to, only_sender, states
from tests.faults.conftest import Spawn
from tests.faults.healing import SHORT_LEASE, check, wait_until_over

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 60
DRAINS = ("-m", "tests.faults.drains")
SHORT = {"LEASE_SECONDS": str(SHORT_LEASE)}


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGSTOP, for longer than its lease: as a machine that was suspended, or a thread that got no turn."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(SHORT_LEASE + 0.3)


def go_on_and_end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGCONT)
    assert process.wait(30) == 0, "it found out by itself that the sender is not its own any more"


def test_two_workers_for_one_sender_send_each_mail_once(launcher: Launcher, spawn: Spawn) -> None:
    launcher.server.delay("END", 0.01)
    campaign = launcher.start(LEADS)
    sender = str(only_sender(campaign).pk)
    both = [spawn(*DRAINS, sender, **SHORT, BATCH="3") for _ in range(2)]
    for process in both:
        assert process.wait(60) == 0
    assert states(campaign) == {"sent": LEADS}
    check(launcher, campaign, LEADS, unknown=0)


def test_an_answer_slept_through_counts_when_its_holder_wakes(launcher: Launcher, spawn: Spawn) -> None:
    launcher.server.delay("END", 0.5, recipient="lead7@example.com")
    campaign = launcher.start(LEADS)
    process = spawn(*DRAINS, str(only_sender(campaign).pk), **SHORT)
    until(lambda: "RCPT TO:<lead7@example.com>" in launcher.server.commands)
    until(lambda: launcher.server.commands[-1] == "DATA")
    stop(process)
    wait_until_over(campaign)
    assert message_to(campaign, "lead7@example.com").state == "unknown", "nobody knows, as long as it sleeps"
    check(launcher, campaign, LEADS, unknown=1)
    go_on_and_end(process)
    assert states(campaign) == {"sent": LEADS}
    check(launcher, campaign, LEADS, unknown=0)


@pytest.mark.parametrize("taken", [3, 20])
def test_one_that_wakes_at_any_moment_sends_nothing_twice(launcher: Launcher, spawn: Spawn, taken: int) -> None:
    launcher.server.delay("END", 0.005)
    campaign = launcher.start(LEADS)
    process = spawn(*DRAINS, str(only_sender(campaign).pk), **SHORT)
    until(lambda: len(launcher.received()) >= taken)
    time.sleep(taken % 7 / 1000)  # at another moment of a mail's life each time
    stop(process)
    heir_had = len(launcher.received())
    wait_until_over(campaign)
    assert len(launcher.received()) > heir_had, "the heir went on while the other slept"
    go_on_and_end(process)
    check(launcher, campaign, LEADS, unknown=1)


def test_one_that_wakes_while_its_heir_sends_leaves_it_alone(launcher: Launcher, spawn: Spawn) -> None:
    launcher.server.delay("END", 0.03)
    campaign = launcher.start(LEADS)
    sender = str(only_sender(campaign).pk)
    process = spawn(*DRAINS, sender, **SHORT)
    until(lambda: len(launcher.received()) >= 3)
    stop(process)
    heir = spawn(*DRAINS, sender, **SHORT)
    had = len(launcher.received())
    until(lambda: len(launcher.received()) >= had + 5)
    process.send_signal(signal.SIGCONT)
    for one in (process, heir):
        assert one.wait(30) == 0
    check(launcher, campaign, LEADS, unknown=1)
    assert Message.objects.filter(campaign=campaign, attempts__gt=1).count() == 0
