"""kill -9 at each step of a send: nothing lost, nothing doubled, one mail in doubt at most, and it goes on by itself."""

import signal
import subprocess
import time

import psycopg
import pytest
from django.db import connection

from campaigns.models import Message
from tests.campaigns.launching import Launcher, message_to, only_sender, states
from tests.faults.conftest import Spawn, test_database_url
from tests.faults.healing import SHORT_LEASE, check, wait_until_over

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 12
DRAINS = ("-m", "tests.faults.drains")
QUICK = {"LEASE_SECONDS": str(SHORT_LEASE), "BATCH": "4"}
SMTP = "senders.transports.smtp.connection"
DOUBTFUL = "lead6@example.com"

# Where it dies, what is then in doubt, and how many mails the server has taken in the end.
STEPS = {
    "before the claim": ("campaigns.engine.deliver:claim_awake:before:2", 0, LEADS),
    "after the claim": ("campaigns.engine.deliver:claim_awake:after:2", 0, LEADS),
    "before the offer": ("campaigns.engine.deliver:settle_and_offer:before:7", 1, LEADS),
    "after the offer": ("campaigns.engine.deliver:settle_and_offer:after:7", 1, LEADS - 1),
    "before DATA": (f"{SMTP}:asked:before:7", 1, LEADS - 1),
    "before the data": (f"{SMTP}:SmtpConnection.hand_over:before:7", 1, LEADS - 1),
    "after the answer": ("campaigns.engine.deliver:settlement:before:7", 1, LEADS),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_dies(launcher: Launcher, spawn: Spawn, step: str) -> None:
    moment, unknown, taken = STEPS[step]
    campaign = launcher.start(LEADS)
    process = spawn(*DRAINS, str(only_sender(campaign).pk), DIE=moment, **QUICK)
    assert process.wait(60) == -signal.SIGKILL
    assert 0 < len(launcher.received()) < LEADS, "in the middle of the campaign"
    wait_until_over(campaign)
    check(launcher, campaign, LEADS, unknown)
    assert len(launcher.received()) == taken
    assert states(campaign).get("unknown", 0) == unknown


def kill_when(process: "subprocess.Popen[bytes]", launcher: Launcher, seen: str) -> None:
    """Kill it while the server, which has read the command `seen` of DOUBTFUL's mail last, thinks."""
    deadline = time.monotonic() + 60
    recipient = f"RCPT TO:<{DOUBTFUL}>"
    while recipient not in launcher.server.commands or not launcher.server.commands[-1].startswith(seen):
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize(("stage", "seen"), [("RCPT", "RCPT"), ("DATA", "DATA"), ("END", "DATA")])
def test_it_is_killed_while_the_server_thinks(launcher: Launcher, spawn: Spawn, stage: str, seen: str) -> None:
    launcher.server.pipelining = False
    launcher.server.delay(stage, 30, recipient=DOUBTFUL)
    campaign = launcher.start(LEADS)
    process = spawn(*DRAINS, str(only_sender(campaign).pk), **QUICK)
    kill_when(process, launcher, seen)
    wait_until_over(campaign)
    check(launcher, campaign, LEADS, unknown=1)
    assert message_to(campaign, DOUBTFUL).state == "unknown"


def test_with_several_connections_one_mail_each_is_in_doubt_at_most(launcher: Launcher, spawn: Spawn) -> None:
    for number in (6, 7, 8):
        launcher.server.delay("END", 30, recipient=f"lead{number}@example.com")
    sender = launcher.sender(connections=3)
    campaign = launcher.start(LEADS, senders=[sender])
    process = spawn(*DRAINS, str(sender.pk), LEASE_SECONDS=str(SHORT_LEASE), BATCH="1")
    deadline = time.monotonic() + 60
    while Message.objects.filter(campaign=campaign, offered_at__isnull=False, state="sending").count() < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until_over(campaign)
    check(launcher, campaign, LEADS, unknown=3)


def blocked() -> bool:
    """Whether a connection waits for another's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        row = cursor.fetchone()
    return bool(row and row[0])


def test_it_is_killed_before_the_commit_of_an_answer(launcher: Launcher, spawn: Spawn) -> None:
    """The test holds a lock on the row, so that PostgreSQL has the outcome and cannot commit it. Whether it does so in
    the end or rolls back: that mail is sent, or in doubt, and no other is.
    """
    launcher.server.delay("END", 0.5, recipient=DOUBTFUL)
    campaign = launcher.start(LEADS)
    row = message_to(campaign, DOUBTFUL).enrollment_id
    process = spawn(*DRAINS, str(only_sender(campaign).pk), **QUICK)
    with psycopg.connect(test_database_url()) as holder:
        holder.execute("SELECT FROM campaigns_enrollment WHERE id = %s FOR UPDATE", [row])
        deadline = time.monotonic() + 60
        while not (blocked() and DOUBTFUL in launcher.received()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert message_to(campaign, DOUBTFUL).state == "sending", "not committed"
        holder.rollback()
    wait_until_over(campaign)
    check(launcher, campaign, LEADS, unknown=1)
    assert states(campaign).get("sent", 0) >= LEADS - 1
    assert Message.objects.get(campaign=campaign, lead__email=DOUBTFUL).state in {"sent", "unknown"}
