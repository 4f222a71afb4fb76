"""One at a time for each person: what keeps a thread of the web server waiting for somebody else's server."""

import contextlib
from collections.abc import Iterator

import redis
from django.conf import settings


class Busy(Exception):
    """Another one of this person's is under way; its text says so. Answered with 429 (`ecrm.middleware.TurnsAway`)."""


@contextlib.contextmanager
def one_at_a_time(what: str, person: int, seconds: int) -> Iterator[None]:
    """Hold the person's only turn at `what` (in words) for as long as the block runs; raises Busy where it is taken.

    A turn ends after `seconds` by itself, so that a process that died keeps nobody out. With Redis away nobody is
    turned away.
    """
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        turn = client.lock(f"turn:{what}:{person}", timeout=seconds, blocking=False)
        try:
            taken = turn.acquire()
        except redis.RedisError:
            taken = None
        if taken is False:
            raise Busy(f"{what.capitalize()} of yours is still under way. Wait until it has ended, then try again.")
        try:
            yield
        finally:
            with contextlib.suppress(redis.RedisError):  # it ran out, or Redis is away
                if taken:
                    turn.release()
