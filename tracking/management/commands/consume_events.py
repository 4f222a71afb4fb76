"""`manage.py consume_events`: move tracking events from Redis and the spool into PostgreSQL until SIGTERM."""

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from tracking.consumer import Consumer


class Command(BaseCommand):
    help = "Move tracking events into the database until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        consumer = Consumer()

        def stop(number: int, frame: FrameType | None) -> None:
            consumer.stop = True  # after the batch in hand

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        consumer.run()
