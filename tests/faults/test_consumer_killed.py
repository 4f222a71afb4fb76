"""A consumer that is killed between its commit and its acknowledgement: the batch comes again, and counts once."""

import signal
import time

import pytest

from campaigns.models import Message
from leads.models import Lead
from tests.campaigns.launching import Launcher, message_to
from tests.faults.conftest import Spawn
from tracking import consumer as consuming
from tracking.consumer import Consumer
from tracking.intake import record
from tracking.models import Event
from tracking.tokens import Mark

pytestmark = pytest.mark.django_db(transaction=True)

# A consumer whose process dies, as kill -9 kills, at one point of a batch's life.
DIES = """
import os, signal, django; django.setup()
from tracking import consumer
def die(*args, **kwargs): os.kill(os.getpid(), signal.SIGKILL)
{where} = die
consumer.Consumer(name="doomed").run()
"""
BEFORE_COMMIT = "consumer.happened.send"
BEFORE_ACK = "consumer.redis.client.Pipeline.execute"


@pytest.mark.parametrize(("where", "written"), [(BEFORE_COMMIT, 0), (BEFORE_ACK, 40)])
def test_each_event_counts_once(
    reader: Lead, spawn: Spawn, monkeypatch: pytest.MonkeyPatch, where: str, written: int
) -> None:
    for number in range(40):
        record("opened", Mark(reader.organisation_id, 1 + number % 10, reader.pk))
    process = spawn("-c", DIES.format(where=where))
    assert process.wait(60) == -signal.SIGKILL
    assert Event.objects.count() == written
    monkeypatch.setattr(consuming, "ABANDONED_MS", 0)
    heir = Consumer(name="heir")
    heir.step()
    heir.step()
    assert Event.objects.count() == 40


def test_a_campaigns_numbers_are_right_after_it(
    launcher: Launcher, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = launcher.start(3)
    for email in ("lead0@example.com", "lead1@example.com"):
        message = message_to(campaign, email)
        for _ in range(5):
            record("opened", Mark(message.organisation_id, message.pk, message.lead_id))
    assert spawn("-c", DIES.format(where=BEFORE_ACK)).wait(60) == -signal.SIGKILL
    first = dict(Message.objects.values_list("pk", "opened_at"))
    monkeypatch.setattr(consuming, "ABANDONED_MS", 0)
    Consumer(name="heir").step()
    assert dict(Message.objects.values_list("pk", "opened_at")) == first
    assert Message.objects.filter(opened_at__isnull=False).count() == 2


def test_the_command_ends_cleanly_on_sigterm_and_leaves_nothing_behind(reader: Lead, spawn: Spawn) -> None:
    process = spawn("manage.py", "consume_events")
    for _ in range(20):
        record("opened", Mark(reader.organisation_id, 1, reader.pk))
    deadline = time.monotonic() + 30
    while Event.objects.count() < 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert Event.objects.count() == 20
