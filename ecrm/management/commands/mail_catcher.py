"""Development: catch every mail that is sent to the catcher's port, for the pages under `/dev/mail/`."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecrm.catcher.server import catcher

STOP = {signal.SIGTERM, signal.SIGINT}


class Command(BaseCommand):
    help = "Keep what arrives by SMTP on ECRM_MAIL_CATCHER_PORT in ECRM_MAIL_CATCHER_DIR, until it is stopped."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MAIL_CATCHER_DIR or not settings.MAIL_CATCHER_PORT:
            raise CommandError("Set ECRM_MAIL_CATCHER_DIR and ECRM_MAIL_CATCHER_PORT; `manage.py up` does.")
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # before the server's thread starts, which inherits it
        server = catcher(settings.MAIL_CATCHER_DIR, settings.MAIL_CATCHER_PORT)
        try:
            server.start()
        except OSError as error:
            raise CommandError(f"Port {settings.MAIL_CATCHER_PORT} cannot be listened on: {error}") from error
        signal.sigwait(STOP)
        server.stop()
