"""`manage.py createaccount`: a verified owner with an organisation, without mail."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.services import create_account


class Command(BaseCommand):
    help = "Create a verified owner and an organisation without sending mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name in ("email", "password", "name", "organisation"):
            parser.add_argument(f"--{name}", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user, organisation = create_account(
                options["email"], options["password"], options["name"], options["organisation"]
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Created {user.email}, owner of {organisation.name} (/o/{organisation.slug}/).")
