"""A worker that is killed in the middle of a campaign loses nothing, doubles nothing, and leaves one mail in doubt at most."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.models import Campaign, Message
from senders.models import Sender
from tests.campaigns.launching import Launcher, only_sender, states
from tests.faults.conftest import Spawn
from tests.faults.healing import wait_for_more
from tests.faults.workers import scheduler, worker

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 150


def until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def expire_leases() -> None:
    """As if the seconds of a lease had passed."""
    Sender.objects.filter(lease__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))


def check(launcher: Launcher, campaign: Campaign, kills: int) -> None:
    """Every lead once, but for the few in doubt; and each row says what really happened."""
    received = Counter(launcher.received())
    assert max(received.values()) == 1, "a mail was doubled"
    rows = dict(Message.objects.filter(campaign=campaign).values_list("lead__email", "state"))
    assert len(rows) == LEADS
    assert set(rows.values()) <= {"sent", "unknown"}, "a mail was lost"
    assert Counter(rows.values())["unknown"] <= kills
    assert all(email in received for email, state in rows.items() if state == "sent")
    ids = [mail.data.partition(b"Message-ID: <")[2].partition(b">")[0] for mail in launcher.server.mails]
    assert set(map(bytes.decode, ids)) <= set(Message.objects.values_list("message_id", flat=True))


def test_a_worker_killed_again_and_again(launcher: Launcher, spawn: Spawn) -> None:
    launcher.server.delay("END", 0.004)
    campaign = launcher.start(LEADS)
    sender = only_sender(campaign).pk
    kills = 0
    for taken in (10, 45, 100):
        process = spawn("-m", "tests.faults.drains", str(sender))
        until(lambda taken=taken: len(launcher.server.mails) >= taken, process)  # type: ignore[misc]
        time.sleep(0.0007 * taken % 0.004)  # at another moment of a mail's life each time
        kill(process)
        kills += 1
        expire_leases()
    process = spawn("-m", "tests.faults.drains", str(sender))
    assert process.wait(60) == 0
    check(launcher, campaign, kills)


def test_before_its_lease_has_run_out_nobody_takes_over(launcher: Launcher, spawn: Spawn) -> None:
    launcher.server.delay("END", 0.01)
    campaign = launcher.start(LEADS)
    sender = only_sender(campaign).pk
    process = spawn("-m", "tests.faults.drains", str(sender))
    until(lambda: len(launcher.server.mails) >= 5, process)
    kill(process)
    taken = len(launcher.server.mails)
    assert engine.recover_abandoned() == 0
    assert engine.drain(sender).counts == {}
    assert len(launcher.server.mails) - taken <= 1, "at most the one that was on its way"
    assert states(campaign)["sending"] > 0


def test_one_killed_while_the_server_thinks_leaves_exactly_that_mail_in_doubt(launcher: Launcher, spawn: Spawn) -> None:
    launcher.server.delay("END", 30, recipient="lead7@example.com")
    campaign = launcher.start(LEADS)
    sender = only_sender(campaign).pk
    process = spawn("-m", "tests.faults.drains", str(sender))
    until(lambda: len(launcher.server.mails) >= 7 and launcher.server.commands[-1] == "DATA", process)
    time.sleep(0.2)
    kill(process)
    expire_leases()
    engine.drain(sender)
    unknown = Message.objects.get(campaign=campaign, state="unknown")
    assert unknown.lead.email == "lead7@example.com"
    assert states(campaign) == {"unknown": 1, "sent": LEADS - 1}


def test_a_celery_worker_killed_and_started_again(launcher: Launcher, spawn: Spawn, tmp_path: Path) -> None:
    """As `up` runs it and starts it again, with the leases of production: nobody touches the rows."""
    launcher.server.delay("END", 0.01)
    senders = [launcher.sender(name) for name in ("one", "two", "three")]
    campaign = launcher.start(LEADS, senders=senders)
    first = worker(spawn)
    scheduler(spawn, tmp_path)
    until(lambda: len(launcher.server.mails) >= 20, first)
    kill(first)
    second = worker(spawn)
    wait_for_more(launcher, len(launcher.server.mails) + len(senders))
    until(lambda: not Message.objects.filter(state__in=["planned", "sending"]).exists(), second)
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    check(launcher, campaign, kills=len(senders))
