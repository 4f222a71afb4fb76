"""A worker's life without Celery: `python -m tests.faults.drains SENDER…` drains until it is killed or all is done."""

import sys
import time

import django

django.setup()

from campaigns import engine  # noqa: E402  (needs Django's settings)
from campaigns.models import Message  # noqa: E402

if __name__ == "__main__":
    senders = [int(argument) for argument in sys.argv[1:]]
    while Message.objects.filter(state__in=["planned", "sending"]).exists():
        engine.recover_abandoned()
        for sender in senders:
            engine.drain(sender)
        time.sleep(0.05)
