"""`manage.py up`: run everything until Ctrl-C."""

import os
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand

from ecrm.embedded.programs import Options
from ecrm.embedded.supervisor import Supervisor

DESCRIPTION = """\
Start everything on this machine and keep it running: PostgreSQL and Redis of its own, the web server, the workers, the
scheduler and, in development, a mail catcher that shows what is sent. Ctrl-C stops all of it; starting again keeps the data.
"""
EPILOG = """\
environment:
  DATABASE_URL, REDIS_URL   use these servers instead of its own
  ECRM_DATA_DIR             as --data-dir
  ECRM_PUBLIC_URL           the address that mails and links name (default http://localhost:PORT)
"""


def port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


class Command(BaseCommand):
    help = DESCRIPTION
    requires_system_checks = ()
    suppressed_base_arguments = {
        "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color",
    }  # fmt: skip

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **options)
        parser.prog = "scripts/up"
        parser.usage = "scripts/up [--port PORT] [--host HOST] [--data-dir DIR] [--demo]"
        parser.epilog = EPILOG
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=port, default=8000, help="The web server's port (default 8000).")
        parser.add_argument("--host", default="127.0.0.1", help="The address to listen on (default 127.0.0.1).")
        parser.add_argument("--data-dir", metavar="DIR", help="Where databases and files live (default var/).")
        parser.add_argument(
            "--demo", action="store_true", help="Add a demonstration organisation whose recipients are simulated."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # manage.py has set ECRM_DATA_DIR and ECRM_PUBLIC_URL from the options before the settings were read.
        chosen = Options(options["host"], options["port"], os.environ["ECRM_PUBLIC_URL"], options["demo"])
        raise SystemExit(Supervisor(chosen).run())
