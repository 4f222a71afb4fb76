"""From the stream and the spool into PostgreSQL, each event once.

A batch is one transaction: COPY into a temporary table, INSERT of what is new (an event's name is unique), the receivers of
`tracking.signals.happened`, commit; only then is the batch acknowledged. Whatever dies in between, the batch is delivered
again, and what was written already is passed over.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from leads.models import Lead
from tracking.happenings.unsubscribed import suppress_unsubscribed
from tracking.intake import SPOOL, STREAM
from tracking.models import Happening
from tracking.signals import Recorded, happened

log = logging.getLogger(__name__)

GROUP = "database"
BATCH = 2000
BLOCK_MS = 500
# A batch that another consumer took and did not finish within this time is taken over (milliseconds).
ABANDONED_MS = 15_000
SPOOL_SETTLED_SECONDS = 3  # nobody writes to a spool file after its second is over
PAUSE_MOST = 5.0
KINDS = set(Happening.values)

NEW = """
INSERT INTO tracking_event (organisation_id, message_id, lead_id, kind, url, machine, rule, at, stream_id)
SELECT organisation_id, message_id, lead_id, kind, url, machine, rule, at, stream_id FROM incoming
ON CONFLICT (stream_id) DO NOTHING
RETURNING organisation_id, message_id, lead_id, kind, url, machine, rule, at
"""
INCOMING = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    organisation_id bigint, message_id bigint, lead_id bigint, kind text, url text, machine boolean, rule text,
    at timestamptz, stream_id text) ON COMMIT DELETE ROWS
"""
COPY = "COPY incoming (organisation_id, message_id, lead_id, kind, url, machine, rule, at, stream_id) FROM STDIN"

Row = tuple[int, int, int, str, str, bool, str, datetime, str]


def parse(fields: dict[str, str]) -> Row | None:
    """A row for the database; None for what is none of ours, or belongs to a test mail."""
    try:
        organisation, message, lead = (int(part) for part in fields["m"].split("."))
        at = datetime.fromtimestamp(int(fields["t"]) / 1000, UTC)
        kind, rule = fields["k"], fields["r"]
        if kind not in KINDS or not message:
            return None
        return organisation, message, lead, kind, fields["u"].replace("\0", ""), bool(rule), rule, at, fields["i"]
    except (KeyError, ValueError, OverflowError, OSError):
        log.warning("An event that cannot be read was dropped")
        return None


def store(entries: Iterable[dict[str, str]]) -> int:
    """Write a batch in one transaction, tell the receivers about what is new; returns how many were new."""
    rows = [row for entry in entries if (row := parse(entry))]
    if not rows:
        return 0
    with transaction.atomic():
        leads = Lead.objects.filter(pk__in={row[2] for row in rows})
        known = set(leads.values_list("organisation_id", "pk"))
        with connection.cursor() as cursor:
            cursor.execute(INCOMING)
            with cursor.copy(COPY) as copy:
                for row in rows:
                    if (row[0], row[2]) in known:  # who was erased meanwhile leaves no trace (promise p18)
                        copy.write_row(row)
            cursor.execute(NEW)
            events = [Recorded(*row) for row in cursor.fetchall()]
        suppress_unsubscribed([event for event in events if event.kind == Happening.UNSUBSCRIBED])
        happened.send(sender=None, events=events)
    return len(events)


@dataclass
class Consumer:
    """Runs until `stop` is set; waits out whatever is away."""

    name: str = field(default_factory=lambda: f"{os.uname().nodename}-{os.getpid()}")
    stop: bool = False
    client: redis.Redis = field(default_factory=lambda: redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=10, socket_connect_timeout=2, decode_responses=True
    ))  # fmt: skip
    next_claim: float = 0.0

    def run(self) -> None:
        pause = 0.0
        while not self.stop:
            try:
                self.step()
                pause = 0.0
            except (redis.RedisError, DatabaseError, OSError) as error:
                if not pause:
                    log.warning("The consumer waits: %s", error)
                pause = min(PAUSE_MOST, pause * 2 or 0.2)
                connection.close()
                time.sleep(pause)

    def step(self) -> None:
        """One round: the spool, what others left, what is new. Redis being away does not hold up the spool."""
        self.take_spool()
        self.ensure_group()
        if time.monotonic() >= self.next_claim:
            self.next_claim = time.monotonic() + ABANDONED_MS / 3000
            self.take_abandoned()
        self.take_new()

    def ensure_group(self) -> None:
        try:
            self.client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def take_new(self) -> None:
        found: Any = self.client.xreadgroup(GROUP, self.name, {STREAM: ">"}, count=BATCH, block=BLOCK_MS)
        for _, entries in found or []:
            self.take(entries)

    def take_abandoned(self) -> None:
        """What a dead consumer, or an earlier life of this one, read and never acknowledged."""
        start = "0-0"
        while not self.stop:
            answer: Any = self.client.xautoclaim(STREAM, GROUP, self.name, ABANDONED_MS, start, count=BATCH)
            start, entries = answer[0], answer[1]
            self.take([entry for entry in entries if entry[1]])
            if start == "0-0":
                return

    def take(self, entries: Sequence[tuple[str, dict[str, str]]]) -> None:
        if not entries:
            return
        store(fields for _, fields in entries)
        ids = [identity for identity, _ in entries]
        pipeline = self.client.pipeline(transaction=False)
        pipeline.xack(STREAM, GROUP, *ids)
        pipeline.xdel(STREAM, *ids)
        pipeline.execute()

    def take_spool(self) -> None:
        """Write spool files that are no longer written to, then delete them."""
        if not SPOOL.exists():
            return
        for path in sorted(SPOOL.glob("*.jsonl"))[:100]:
            if time.time() - path.stat().st_mtime > SPOOL_SETTLED_SECONDS:
                take_file(path)


def take_file(path: Path) -> None:
    """Move a spool file into the database; its writer, should there still be one, waits, and finds it gone."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        entries = read_spool(path.name, file.read())
        for start in range(0, len(entries), BATCH):
            store(entries[start : start + BATCH])
        path.unlink(missing_ok=True)


def read_spool(name: str, data: bytes) -> list[dict[str, str]]:
    """The entries of a spool file; a line that a crash cut off was never answered for, and is passed over."""
    entries = []
    for line in filter(None, data.splitlines()):
        try:
            entries.append(json.loads(line))
        except ValueError:
            log.warning("A broken line in %s was passed over", name)
    return entries
