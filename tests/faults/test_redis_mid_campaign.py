"""Redis is emptied, or killed and started again, in the middle of a campaign: a lost signal costs a tick and no mail."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Message
from tests.campaigns.launching import Launcher, states
from tests.faults.conftest import Spawn
from tests.faults.healing import SOON, check, wait_for_more, wait_until_over
from tests.faults.own_redis import OwnRedis
from tests.faults.workers import scheduler, worker

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 60


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} seconds"
        time.sleep(0.02)


def put_off(campaign: Campaign, seconds: float) -> None:
    """The second half comes due later: no drain holds it, so that only a new signal has it sent."""
    half = Message.objects.filter(campaign=campaign).order_by("id").values_list("pk", flat=True)[LEADS // 2 :]
    Message.objects.filter(pk__in=list(half)).update(due_at=timezone.now() + timedelta(seconds=seconds))


def running(launcher: Launcher, spawn: Spawn, redis: OwnRedis, folder: Path) -> Campaign:
    """A campaign in the middle of being sent, by a worker and a scheduler on this Redis."""
    launcher.server.delay("END", 0.02)
    campaign = launcher.start(LEADS, senders=[launcher.sender(name) for name in ("one", "two")])
    put_off(campaign, 3600)
    worker(spawn, REDIS_URL=redis.url)
    scheduler(spawn, folder, REDIS_URL=redis.url)
    until(lambda: len(launcher.received()) >= 6)
    return campaign


def test_emptied(launcher: Launcher, spawn: Spawn, own_redis: OwnRedis, tmp_path: Path) -> None:
    campaign = running(launcher, spawn, own_redis, tmp_path)
    put_off(campaign, 1)
    with own_redis.client() as client:
        client.flushall()
    wait_until_over(campaign, SOON, ticking=False)
    check(launcher, campaign, LEADS, unknown=0)
    assert states(campaign) == {"sent": LEADS}


def test_killed_and_started_again(launcher: Launcher, spawn: Spawn, own_redis: OwnRedis, tmp_path: Path) -> None:
    campaign = running(launcher, spawn, own_redis, tmp_path)
    own_redis.kill()
    put_off(campaign, 1)
    until(lambda: len(launcher.received()) >= LEADS // 2)  # a drain that runs does not need it
    time.sleep(2)
    own_redis.start()
    wait_for_more(launcher, LEADS // 2)
    wait_until_over(campaign, SOON, ticking=False)
    check(launcher, campaign, LEADS, unknown=0)
    assert states(campaign) == {"sent": LEADS}
