"""Take note of a hit: onto the Redis stream, or into a spool file while Redis is away. Either survives this process."""

import fcntl
import json
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings

from tracking.tokens import Mark

log = logging.getLogger(__name__)

STREAM = "tracking:events"
# A bound for the day on which nobody consumes: some gigabytes of memory, far above an hour's hits.
STREAM_MAX = 20_000_000
TIMEOUT_SECONDS = 0.2
# After a failure Redis is left alone for this long, so that no recipient waits for a timeout at each hit.
REST_SECONDS = 1.0
SPOOL = settings.DATA_DIR / "spool"


class NotRecorded(Exception):
    """Neither Redis nor the disk took the hit."""


@dataclass(frozen=True)
class Hit:
    """What is noted of a request; nothing about who made it."""

    kind: str
    mark: Mark
    url: str = ""
    rule: str = ""

    def fields(self, at: float) -> dict[str, str]:
        mark = self.mark
        return {
            "i": uuid.uuid4().hex,  # the event's own name: however often it is delivered, it counts once
            "k": self.kind,
            "m": f"{mark.organisation}.{mark.message}.{mark.lead}",
            "u": self.url,
            "r": self.rule,
            "t": str(int(at * 1000)),
        }


def new_client(url: str) -> redis.Redis:
    """A client that gives up at once: no recipient waits for a Redis that does not answer."""
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=None)


_client = new_client(settings.REDIS_URL)
_rest_until = 0.0
_spool_lock = threading.Lock()


def record(kind: str, mark: Mark, *, url: str = "", rule: str = "", at: float | None = None) -> None:
    """Note that `kind` happened to a message at Unix time `at` (now). `rule` names what told a machine.

    Raises NotRecorded where neither the stream nor the spool could take it.
    """
    global _rest_until
    fields = Hit(kind, mark, url, rule).fields(at or time.time())
    if time.monotonic() >= _rest_until:
        try:
            _client.xadd(STREAM, fields, maxlen=STREAM_MAX, approximate=True)  # type: ignore[arg-type]
        except redis.RedisError as error:
            _rest_until = time.monotonic() + REST_SECONDS
            log.warning("Redis does not take events (%s): they go to the spool.", type(error).__name__)
        else:
            return
    spool(fields)


def spool(fields: dict[str, str]) -> None:
    """Append one line to this process's spool file and force it to the disk."""
    # The line break in front keeps a line that a crash or a full disk cut off from spoiling this one.
    line = b"\n" + json.dumps(fields).encode() + b"\n"
    try:
        with _spool_lock:
            SPOOL.mkdir(parents=True, exist_ok=True)
            while not append(SPOOL / f"{int(time.time())}-{os.getpid()}.jsonl", line):
                pass
    except OSError as error:
        raise NotRecorded from error


def append(path: Path, line: bytes) -> bool:
    """Append to a file of this second and process; False where the consumer took it away meanwhile. Raises OSError.

    The consumer takes up files that nobody has written to for some seconds, under the same lock (`consumer.take_file`):
    should we have slept that long between the clock and here, the line goes to a new file.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink == 0:
            return False
        if os.write(file, line) != len(line):
            raise OSError("the disk took only a part")
        os.fsync(file)
    finally:
        os.close(file)
    return True
