"""Redis is away while recipients open, click and unsubscribe: they notice nothing, and each hit counts once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import Organisation
from campaigns import engine
from campaigns.models import CampaignState
from leads.models import Lead, Suppression
from leads.services import save_lead
from tests.campaigns.launching import Launcher, only_sender, states
from tests.faults.conftest import Spawn
from tests.faults.own_redis import OwnRedis
from tests.tracking.conftest import ask
from tracking import consumer as consuming
from tracking import intake
from tracking.consumer import Consumer
from tracking.intake import STREAM
from tracking.models import Event
from tracking.tokens import Mark, click_url, pixel_url, unsubscribe_url

pytestmark = pytest.mark.django_db(transaction=True)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def tracked(own_redis: OwnRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnRedis]:
    """The edge and the consumer use this test's Redis and spool."""
    monkeypatch.setattr(intake, "_client", intake.new_client(own_redis.url))
    monkeypatch.setattr(intake, "_rest_until", 0.0)
    for module in (intake, consuming):
        monkeypatch.setattr(module, "SPOOL", tmp_path / "spool")
    monkeypatch.setattr(consuming, "SPOOL_SETTLED_SECONDS", 0)
    yield own_redis
    own_redis.thaw() if own_redis.process and own_redis.process.poll() is None else None


def hit(reader: Lead, message: int) -> None:
    """One open and one click of a message, each answered as ever and at once."""
    mark = Mark(reader.organisation_id, message, reader.pk)
    for url, status in ((pixel_url(mark), 200), (click_url(mark, "https://example.com/?a=1"), 302)):
        started = time.monotonic()
        assert ask("GET", url.removeprefix("http://testserver"), User_Agent=AGENT).status == status
        assert time.monotonic() - started < 2


def consume(redis: OwnRedis) -> None:
    time.sleep(0.01)  # past the spool files' last write
    Consumer(client=redis.client()).step()


def test_while_redis_is_down_hits_go_to_the_spool_and_count_once(reader: Lead, tracked: OwnRedis) -> None:
    hit(reader, 1)
    tracked.kill()
    for message in range(2, 12):
        hit(reader, message)
    tracked.start()
    intake._rest_until = 0.0
    hit(reader, 12)
    consume(tracked)
    assert Event.objects.count() == 24
    assert set(Event.objects.values_list("message_id", flat=True)) == set(range(1, 13))
    consume(tracked)
    assert Event.objects.count() == 24


def test_what_redis_had_taken_survives_its_death(reader: Lead, tracked: OwnRedis) -> None:
    for message in range(1, 6):
        hit(reader, message)
    tracked.kill()
    tracked.start()
    consume(tracked)
    assert Event.objects.count() == 10


def test_a_redis_that_hangs_delays_nobody_and_what_it_took_after_all_counts_once(
    reader: Lead, tracked: OwnRedis
) -> None:
    hit(reader, 1)
    tracked.freeze()
    for message in range(2, 8):
        hit(reader, message)
    tracked.thaw()
    time.sleep(0.2)
    assert int(tracked.client().xlen(STREAM)) > 2, (
        "a hit that timed out arrived there too, and lies in the spool as well"
    )
    consume(tracked)
    assert Event.objects.count() == 14


def test_an_unsubscribe_is_heard_without_redis(acme: Organisation, tracked: OwnRedis) -> None:
    lead = save_lead(Lead(organisation=acme), {"email": "grace@example.com"})
    tracked.kill()
    url = unsubscribe_url(Mark(acme.pk, 1, lead.pk)).removeprefix("http://testserver")
    assert ask("POST", url, b"List-Unsubscribe=One-Click").status == 200
    Consumer(client=tracked.client()).take_spool()  # it does not wait for Redis either
    assert Suppression.objects.get().address == "grace@example.com"


START = """
import django; django.setup()
from accounts.models import User
from campaigns.models import Campaign
from campaigns.services import resume_campaign
resume_campaign(Campaign.objects.get(pk={campaign}))
"""


def test_a_campaign_starts_without_redis_and_the_next_tick_finds_its_work(launcher: Launcher, spawn: Spawn) -> None:
    campaign = launcher.start(2)
    campaign.state = CampaignState.PAUSED
    campaign.save()
    process = spawn("-c", START.format(campaign=campaign.pk), REDIS_URL="unix:///nowhere/redis.sock")
    assert process.wait(60) == 0
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert engine.senders_with_work() == [only_sender(campaign).pk]
    assert states(campaign) == {"planned": 2}
