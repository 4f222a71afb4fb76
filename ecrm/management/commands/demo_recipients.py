"""`manage.py demo_recipients`: simulated recipients of the demonstration organisation's mail, until SIGTERM."""

import signal
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecrm.demo.recipients import Recipients


class Command(BaseCommand):
    help = "Open, click, answer and refuse what the mail catcher catches for the demonstration, until SIGTERM."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MAIL_CATCHER_DIR:
            raise CommandError("There is no mail catcher here: start the demonstration with `scripts/up --demo`.")
        recipients = Recipients(settings.MAIL_CATCHER_DIR)

        def stop(number: int, frame: FrameType | None) -> None:
            recipients.stop = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        recipients.run()
