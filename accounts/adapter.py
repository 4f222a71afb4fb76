"""Where allauth asks us how to keep an account."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Our users have no username and one lower-case address."""

    def populate_username(self, request: Any, user: User) -> None:
        """Nothing to do: people are known by their address."""

    def clean_email(self, email: str) -> str:
        return str(super().clean_email(email)).lower()
