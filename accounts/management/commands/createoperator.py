"""`manage.py createoperator`: somebody who may enter the admin; the second factor is enrolled at the first sign-in."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.services import create_operator


class Command(BaseCommand):
    help = "Create an operator, who may enter the admin and belongs to no organisation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name in ("email", "password", "name"):
            parser.add_argument(f"--{name}", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = create_operator(options["email"], options["password"], options["name"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"Created {user.email}, operator. The first sign-in at /admin/ asks for an authenticator app."
        )
