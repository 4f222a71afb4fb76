"""`manage.py demo`: make the demonstration organisation (`up --demo` does)."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecrm.demo import EMAIL, SLUG
from ecrm.demo.fill import fill, new_password
from ecrm.embedded.environment import keep_values, kept_values


class Command(BaseCommand):
    help = "Make a demonstration organisation with invented people and a running campaign, once."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MAIL_CATCHER_PORT:
            raise CommandError("The demonstration needs the mail catcher: start it with `scripts/up --demo`.")
        password = kept_values().get("ECRM_DEMO_PASSWORD") or new_password()
        known = fill(password)
        keep_values(ECRM_DEMO_PASSWORD=password if known else "")  # `up` tells it at each start
        if options["verbosity"] > 0:
            self.stdout.write(
                f"/o/{SLUG}/: sign in as {EMAIL} with the password {password if known else 'you gave it'}."
            )
