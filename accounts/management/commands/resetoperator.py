"""`manage.py resetoperator`: for an operator who lost authenticator app and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from ecrm.second_factor import forget


class Command(BaseCommand):
    help = "Forget an operator's second factor: the next sign-in enrols a new one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"].strip(), is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no operator {options['email']}.")
        forget(user)
        self.stdout.write(f"{user.email} enrols a new second factor at the next sign-in.")
