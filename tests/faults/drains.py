"""A worker's life without Celery: `python -m tests.faults.drains SENDER…` drains until it is killed or all is done.

What the environment may ask for: LEASE_SECONDS (how long its leases hold, renewed four times meanwhile), BATCH (how many
messages it claims at once), CLOCK_OFF (by how many seconds this machine's clock is wrong), and DIE, a point of a send at
which it kills itself as kill -9 does: `MODULE:NAME:before|after:N`, at the Nth call of that function.
"""

import importlib
import os
import signal
import sys
import time
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402  (needs Django's settings)

from campaigns import engine  # noqa: E402
from campaigns.engine import deliver, lease  # noqa: E402
from campaigns.models import Message  # noqa: E402


def shorten(seconds: float) -> None:
    vars(lease).update(LEASE_SECONDS=seconds, RENEW_SECONDS=seconds / 4)


def set_clock(seconds: float) -> None:
    """This process's clock, as a wrong clock of its machine would be; the monotonic one never jumps (clock_gettime(2))."""
    real_time, real_now = time.time, timezone.now
    vars(time).update(time=lambda: real_time() + seconds)
    vars(timezone).update(now=lambda: real_now() + timedelta(seconds=seconds))


def die_at(module: str, name: str, when: str, number: str) -> None:
    place = importlib.import_module(module)
    owner, _, attribute = name.rpartition(".")
    target = getattr(place, owner) if owner else place
    work, calls = getattr(target, attribute), 0

    def doomed(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        result = None if calls == int(number) and when == "before" else work(*args, **options)
        if calls == int(number):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(target, attribute, doomed)


def prepare(environment: "os._Environ[str]") -> None:
    if seconds := environment.get("LEASE_SECONDS"):
        shorten(float(seconds))
    if batch := environment.get("BATCH"):
        vars(deliver).update(BATCH=int(batch), BATCH_A_LINE=0)
    if off := environment.get("CLOCK_OFF"):
        set_clock(float(off))
    if moment := environment.get("DIE"):
        die_at(*moment.split(":"))


if __name__ == "__main__":
    prepare(os.environ)
    senders = [int(argument) for argument in sys.argv[1:]]
    while Message.objects.filter(state__in=["planned", "sending"]).exists():
        engine.recover_abandoned()
        for sender in senders:
            engine.drain(sender)
        time.sleep(0.05)
