"""From the stream and the spool into the database: each event once, whatever happens in between."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import DatabaseError, connection

from accounts.models import Organisation, User
from leads.models import Lead, Suppression
from leads.services import save_lead
from tracking import consumer as consuming
from tracking.consumer import GROUP, Consumer, parse, store, take_file
from tracking.intake import STREAM, record
from tracking.models import Event
from tracking.signals import Recorded, happened
from tracking.tokens import Mark

pytestmark = pytest.mark.django_db(transaction=True)

READER = 6_000_000  # a lead's key, far from those that the sequence gives


@pytest.fixture(autouse=True)
def reader(acme: Organisation) -> Lead:
    """Who opened and clicked."""
    return save_lead(Lead(pk=READER, organisation=acme), {"email": "reader@example.com"})


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as connected:
        yield connected


@pytest.fixture
def heard() -> Iterator[list[Recorded]]:
    """What the receivers were told."""
    told: list[Recorded] = []

    def receiver(sender: Any, events: list[Recorded], **kwargs: Any) -> None:
        told.extend(events)

    happened.connect(receiver)
    yield told
    happened.disconnect(receiver)


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(consuming, "SPOOL", tmp_path)
    monkeypatch.setattr(consuming, "SPOOL_SETTLED_SECONDS", 0)
    return tmp_path


def fields(acme: Organisation, **changes: str) -> dict[str, str]:
    return {"i": "one", "k": "opened", "m": f"{acme.pk}.5.{READER}", "u": "", "r": "", "t": "1700000000123"} | changes


def test_what_was_noted_is_written_and_acknowledged(
    acme: Organisation, client: redis.Redis, heard: list[Recorded]
) -> None:
    at = 1_700_000_000.5
    record("opened", Mark(acme.pk, 5, READER), at=at)
    record("clicked", Mark(acme.pk, 5, READER), url="https://example.com/?a=1&b=ü", rule="robot", at=at + 1)
    Consumer().step()
    events = list(
        Event.objects.order_by("at").values_list("kind", "message_id", "lead_id", "url", "machine", "rule", "at")
    )
    when = datetime.fromtimestamp(at, UTC)
    assert events == [
        ("opened", 5, READER, "", False, "", when),
        ("clicked", 5, READER, "https://example.com/?a=1&b=ü", True, "robot", datetime.fromtimestamp(at + 1, UTC)),
    ]
    assert [event.kind for event in heard] == ["opened", "clicked"]
    assert client.xlen(STREAM) == 0
    pending: Any = client.xpending(STREAM, GROUP)
    assert pending["pending"] == 0


def test_an_event_delivered_again_counts_once(acme: Organisation, heard: list[Recorded]) -> None:
    assert store([fields(acme), fields(acme)]) == 1
    assert store([fields(acme), fields(acme, i="two")]) == 1
    assert Event.objects.count() == len(heard) == 2


def test_two_consumers_with_the_same_batch_count_it_once(acme: Organisation) -> None:
    batch = [fields(acme, i=str(number)) for number in range(500)]
    counts: list[int] = []

    def work() -> None:
        counts.append(store(batch))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == Event.objects.count() == 500


def test_what_another_consumer_took_and_never_acknowledged_is_taken_over(
    acme: Organisation, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("opened", Mark(acme.pk, 5, READER))
    dead = Consumer(name="dead")
    dead.ensure_group()
    client.xreadgroup(GROUP, "dead", {STREAM: ">"}, count=10)
    living = Consumer(name="living")
    living.step()
    assert not Event.objects.exists(), "it may still be at it"
    monkeypatch.setattr(consuming, "ABANDONED_MS", 0)
    living.take_abandoned()
    assert Event.objects.count() == 1
    pending: Any = client.xpending(STREAM, GROUP)
    assert pending["pending"] == 0


def test_a_batch_that_could_not_be_written_is_not_acknowledged(
    acme: Organisation, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**kwargs: Any) -> None:
        raise DatabaseError("no")

    happened.connect(fail)
    record("opened", Mark(acme.pk, 5, READER))
    consumer = Consumer()
    try:
        with pytest.raises(DatabaseError):
            consumer.step()
    finally:
        happened.disconnect(fail)
    assert not Event.objects.exists(), "events and what they mean are written together or not at all"
    monkeypatch.setattr(consuming, "ABANDONED_MS", 0)
    consumer.take_abandoned()
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"m": "1.2"},
        {"m": "a.b.c"},
        {"m": ""},
        {"k": "exploded"},
        {"t": "soon"},
        {"t": "99999999999999999999"},
    ],
)
def test_what_cannot_be_read_is_passed_over_and_the_rest_counts(acme: Organisation, broken: dict[str, str]) -> None:
    assert parse(fields(acme, **broken)) is None
    assert store([fields(acme, i="bad", **broken), fields(acme)]) == 1


def test_who_was_erased_meanwhile_leaves_no_trace(acme: Organisation, charlie: User, reader: Lead) -> None:
    stranger = charlie.organisations.get()
    assert store([fields(acme), fields(stranger, i="two")]) == 1, "another organisation's lead is nobody here"
    reader.delete()
    assert store([fields(acme, i="three", k="clicked", u="https://acme.example/?who=reader")]) == 0
    assert not Event.objects.filter(kind="clicked").exists()


def test_a_missing_field_is_passed_over(acme: Organisation) -> None:
    for name in ("i", "k", "m", "u", "r", "t"):
        incomplete = fields(acme)
        del incomplete[name]
        assert parse(incomplete) is None


def test_a_test_mails_events_count_nowhere(acme: Organisation) -> None:
    assert store([fields(acme, m=f"{acme.pk}.0.0", k=kind, i=kind) for kind in ("opened", "unsubscribed")]) == 0
    assert not Suppression.objects.exists()


def test_an_organisation_that_is_gone_has_nothing_to_count(acme: Organisation) -> None:
    assert store([fields(acme, m="999999.5.6", i="gone"), fields(acme)]) == 1


def test_the_unsubscribed_are_suppressed_in_that_organisation_alone(acme: Organisation, charlie: User) -> None:
    other = charlie.organisations.get()
    lead = save_lead(Lead(organisation=acme), {"email": "grace@example.com"})
    namesake = save_lead(Lead(organisation=other), {"email": "grace@example.com"})
    store([fields(acme, k="unsubscribed", m=f"{acme.pk}.5.{lead.pk}")])
    assert [(entry.organisation_id, entry.address) for entry in Suppression.objects.all()] == [
        (acme.pk, "grace@example.com")
    ]
    store([fields(acme, k="unsubscribed", m=f"{acme.pk}.5.{namesake.pk}", i="stranger")])
    assert Suppression.objects.count() == 1, "one organisation's token reaches no other's lead"


def test_spooled_events_count_once_and_the_file_goes(acme: Organisation, spool: Path) -> None:
    lines = [json.dumps(fields(acme, i=str(number))) for number in range(3)]
    file = spool / "1-1.jsonl"
    file.write_text("\n".join(["", lines[0], "", lines[1], '{"i": "torn', lines[2], ""]))
    Consumer().take_spool()
    assert Event.objects.count() == 3
    assert not file.exists()


def test_a_spool_file_read_again_after_a_crash_counts_once(acme: Organisation, spool: Path) -> None:
    file = spool / "1-1.jsonl"
    text = json.dumps(fields(acme)) + "\n"
    for _ in range(2):
        file.write_text(text)
        take_file(file)
    assert Event.objects.count() == 1


def test_a_spool_file_that_is_still_written_to_waits(
    acme: Organisation, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "SPOOL_SETTLED_SECONDS", 3)
    file = spool / "1-1.jsonl"
    file.write_text(json.dumps(fields(acme)) + "\n")
    Consumer().take_spool()
    assert file.exists()
    os.utime(file, (time.time() - 10, time.time() - 10))
    Consumer().take_spool()
    assert not file.exists()
    assert Event.objects.count() == 1


def test_it_ends_after_the_batch_in_hand(acme: Organisation) -> None:
    consumer = Consumer()

    def run() -> None:
        consumer.run()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    record("opened", Mark(acme.pk, 5, READER))
    until(Event.objects.exists)
    consumer.stop = True
    thread.join(5)
    assert not thread.is_alive()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
