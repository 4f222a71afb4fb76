"""Where allauth asks us how to keep an account."""

import logging
from smtplib import SMTPException
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter

from accounts.models import User

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Our users have no username and one lower-case address."""

    # allauth says "failed login attempts" too where somebody signs in seconds after signing up, and nothing failed.
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": "Too many tries in a short time. Please wait a little, then try again.",
    }

    def populate_username(self, request: Any, user: User) -> None:
        """Nothing to do: people are known by their address."""

    def clean_email(self, email: str) -> str:
        return str(super().clean_email(email)).lower()

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A relay that is down must not leave a sign-up half done: the page after it offers to send the code again."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:  # its text may name the person, its kind does not
            log.error("The mail %s could not be sent: %s", template_prefix, type(error).__name__)
