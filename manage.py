#!/usr/bin/env python
"""Django's command line, with the embedded services started where none are configured."""

import argparse
import os
import signal
import sys
from pathlib import Path

# These manage the services themselves, or touch no database.
WITHOUT_SERVICES = {"up", "help", "version", "check", "makemessages", "compilemessages", "collectstatic"}


def choose_for_up(arguments: list[str]) -> None:
    """Set what `up`'s own options say about the environment, before the settings are read from it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing runs yet: a Ctrl-C just ends it, without a traceback
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data-dir")
    parser.add_argument("--port", default="8000")
    known, _ = parser.parse_known_args(arguments)
    if known.data_dir:
        # Whole, since the processes of `up` work in the checkout, wherever it was called from.
        os.environ["ECRM_DATA_DIR"] = str(Path(known.data_dir).expanduser().resolve())
    os.environ.setdefault("ECRM_ENV", "development")
    os.environ.setdefault("ECRM_PUBLIC_URL", f"http://localhost:{known.port}")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecrm.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "up":
        choose_for_up(sys.argv[2:])
    from ecrm import embedded

    try:
        if command in WITHOUT_SERVICES or "--help" in sys.argv:
            embedded.prepare_environment()
        else:
            embedded.use_services()
    except OSError as error:
        sys.exit(f"The data directory {embedded.data_dir()} cannot be used: {error.strerror} ({error.filename}).")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
