"""Sending through a provider's API: one mail a request, over a kept-open connection, under a token that ends."""

from types import TracebackType
from typing import ClassVar, Self, cast

from senders.transports.base import (
    AccessTokens,
    ConnectError,
    Deferred,
    Disconnected,
    Mailbox,
    Outcome,
    Outgoing,
    Unanswered,
)
from senders.transports.oauth_http import NoAnswer, NotHandedOver, OneTry
from senders.transports.sending import Steps
from senders.vault import Secret


class TokenRefused(Exception):
    """The provider looked at the token and at nothing else: 401."""


class ApiConnection:
    """Has a valid access token on construction; raises ConnectError where there is none to be had. A provider fills in
    `post`.
    """

    company: ClassVar[str]
    names_ahead: ClassVar[bool] = False

    def __init__(self, mailbox: Mailbox) -> None:
        if mailbox.tokens is None:
            raise ConnectError(Disconnected("This mailbox is not connected."))
        self.tokens: AccessTokens = mailbox.tokens
        self.tokens.access()
        self.http = OneTry(mailbox.deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def post(self, outgoing: Outgoing, token: Secret) -> Outcome:
        """Offer the mail in one request through `self.http`; raises TokenRefused and what `http` raises."""
        raise NotImplementedError

    def send(self, outgoing: Outgoing) -> Outcome:
        """Offer one mail; a token that the provider does not take any more is renewed, once."""
        try:
            token = self.tokens.access()
            try:
                return self.offer(outgoing, token)
            except TokenRefused:
                return self.offer(outgoing, self.tokens.access(stale=token))
        except ConnectError as error:
            return error.outcome
        except TokenRefused:
            return Disconnected(f"401 {self.company} does not take the permission that it has just renewed.")

    def sending(self, outgoing: Outgoing, following: Outgoing | None = None) -> Steps:
        """One step: the providers' clients do not come back before the answer."""
        found = yield lambda: self.send(outgoing)
        return cast(Outcome, found)

    def fileno(self) -> int:
        return -1

    def offer(self, outgoing: Outgoing, token: Secret) -> Outcome:
        try:
            return self.post(outgoing, token)
        except NotHandedOver as error:
            return Deferred(f"The connection to {self.company} ended before the mail was handed over: {error}")
        except NoAnswer as error:
            return Unanswered(f"{self.company} was given the mail and did not answer: {error}")
