"""`manage.py up`: run everything until Ctrl-C."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ecrm.embedded.supervisor import Options, run


class Command(BaseCommand):
    help = "Start PostgreSQL, Redis, web, workers, scheduler and (in development) the mail catcher; Ctrl-C stops all."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="The web server's port (default 8000).")
        parser.add_argument("--host", default="127.0.0.1", help="The address to listen on (default 127.0.0.1).")
        parser.add_argument("--data-dir", help="Where databases and files live (default var/, or ECRM_DATA_DIR).")
        parser.add_argument("--demo", action="store_true", help="Add a demonstration organisation with simulated mail.")

    def handle(self, *args: Any, **options: Any) -> None:
        # manage.py has set ECRM_DATA_DIR from --data-dir before the settings were read.
        raise SystemExit(
            run(
                Options(
                    host=options["host"], port=options["port"], demo=options["demo"], url=os.environ["ECRM_PUBLIC_URL"]
                )
            )
        )
