"""Which senders are woken: no more than workers can take soon, and none whose last signal still waits for a thread.

In: who has something to send (`engine.senders_with_work`, who waited longest first). Out: one `drain_sender` for each in
Celery's queue, noted beside it in Redis until a thread takes it or it expires. Should Redis lose what it holds, both are
gone, and the next tick finds the sender again. Two ticks at once never signal one sender twice.
"""

import contextlib
import time
from collections.abc import Sequence

import redis
from celery import current_app
from django.conf import settings

from campaigns import engine

DRAIN = "campaigns.tasks.drain_sender"
QUEUE: str = settings.CELERY_TASK_ROUTES[DRAIN]["queue"]
# Sender → when its signal expires (POSIX time).
SIGNALS = "campaigns:signals"
# A signal that nobody took for so long is void, in seconds: its worker died, or all are busy.
LIFE_SECONDS = 10.0
# How many signals the queue holds at the most: a worker's threads take as many at once, and a tick is a second away. Each
# costs 0.22 ms to write (benchmarks.schedule).
MOST_SIGNALS = 200

_client: redis.Redis = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def wake_waiting() -> int:
    """Signal as many of the senders that have something to send as the queue has room for; returns how many."""
    noted, queued = outstanding()
    room = MOST_SIGNALS - queued
    if room <= 0:
        return 0
    waiting = engine.senders_with_work(room + len(noted))
    return signal([sender for sender in waiting if sender not in noted][:room])


def outstanding() -> tuple[set[int], int]:
    """The senders whose signals wait for a thread, and how many signals lie in the queue, void ones included."""
    now = time.time()
    with _client.pipeline() as asked:
        asked.zremrangebyscore(SIGNALS, "-inf", now)
        asked.zremrangebyscore(SIGNALS, now + 2 * LIFE_SECONDS, "+inf")  # the clock was set back since
        asked.zrange(SIGNALS, 0, -1)
        asked.llen(QUEUE)
        *_, noted, queued = asked.execute()
    return {int(sender) for sender in noted}, int(queued)


def signal(senders: Sequence[int]) -> int:
    """Have a worker drain each of these whose last signal does not wait any more; returns how many were signalled."""
    expires = time.time() + LIFE_SECONDS
    with _client.pipeline() as asked:
        for sender in senders:
            asked.zadd(SIGNALS, {str(sender): expires}, nx=True)
        fresh = [sender for sender, added in zip(senders, asked.execute(), strict=True) if added]
    with current_app.producer_or_acquire() as producer, producer.batch():
        for sender in fresh:
            current_app.send_task(DRAIN, (sender,), expires=LIFE_SECONDS, producer=producer)
    return len(fresh)


def taken_up(sender: int) -> None:
    """A thread has the sender's signal: it may be signalled again. With Redis away, the note ends by itself."""
    with contextlib.suppress(redis.RedisError):
        _client.zrem(SIGNALS, sender)


def anyone_waits() -> bool:
    """Whether a signal waits for a thread; True with Redis away, when nothing can be signalled."""
    try:
        return bool(outstanding()[0])
    except redis.RedisError:
        return True
