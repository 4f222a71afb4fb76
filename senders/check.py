"""Try a sender's connection step by step, and say at the first step that fails what to do."""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.models import User
from ecrm.turns import one_at_a_time
from senders.connecting.grants import GrantTokens
from senders.connecting.providers import PROVIDERS
from senders.models import Kind, Sender
from senders.services import mailbox_of, reconnect
from senders.transports.base import ConnectError, Mailbox
from senders.transports.smtp.auth import sign_in
from senders.transports.smtp.hosts import HostError, resolve
from senders.transports.smtp.session import Session, describe, first_that_answers, start_session, text_of
from senders.vault import VaultError

# A person waits for the answer: shorter than the engine's patience, for each answer, and for the whole session.
STEP_SECONDS = 8.0
SESSION_SECONDS = 20.0
# The longest that a check takes: looking up the host, connecting, the session; a grant's two renewals.
TURN_SECONDS = 90


@dataclass(frozen=True)
class CheckStep:
    name: str
    ok: bool
    detail: str


def check_sender(sender: Sender) -> list[CheckStep]:
    """The steps up to the first that fails. One that succeeds makes a disconnected sender active again."""
    try:
        steps = list(check_mailbox(mailbox_of(sender)) if sender.kind == Kind.SMTP else check_grant(sender))
    except VaultError as error:
        steps = [CheckStep("password", False, f"{error} Enter the password again.")]
    note_check(sender, next((step.detail for step in steps if not step.ok), ""))
    return steps


def note_check(sender: Sender, failure: str) -> None:
    """Keep when it was checked and what that came to; with no `failure` it may send again."""
    found: dict[str, Any] = {"checked_at": timezone.now(), "check_ok": not failure, "check_detail": failure[:500]}
    if not failure:
        reconnect(sender)
        found |= {"last_error": "", "last_error_at": None}
    Sender.objects.filter(pk=sender.pk).update(**found)
    sender.refresh_from_db()


def check_for(person: User, sender: Sender) -> list[CheckStep]:
    """`check_sender` for somebody who waits for it; raises Busy where another check of theirs is under way."""
    with one_at_a_time("a check", person.pk, TURN_SECONDS):
        return check_sender(sender)


def check_grant(sender: Sender) -> Iterator[CheckStep]:
    """permission, renew: what a provider's API needs. Nothing is sent, since nothing but sending is allowed."""
    tokens, provider = GrantTokens(sender.pk, sender.kind), PROVIDERS[sender.kind]
    try:
        stored = tokens.access()
    except ConnectError as error:
        yield CheckStep("permission", False, error.outcome.reason)
        return
    yield CheckStep("permission", True, "It allows sending, and is stored encrypted")
    try:
        tokens.access(stale=stored)
    except ConnectError as error:
        yield CheckStep("renew", False, error.outcome.reason)
        return
    yield CheckStep("renew", True, f"{provider.company} renewed it just now")


def check_mailbox(mailbox: Mailbox) -> Iterator[CheckStep]:
    """resolve, connect, tls, sign in."""
    try:
        addresses = resolve(mailbox.host, mailbox.port)
    except HostError as error:
        yield CheckStep("resolve", False, str(error))
        return
    detail = "An address needs no look-up" if mailbox.host in addresses else f"{mailbox.host} is {', '.join(addresses)}"
    yield CheckStep("resolve", True, detail)
    try:
        plain = first_that_answers(addresses, mailbox.port, STEP_SECONDS)
    except OSError as error:
        yield CheckStep("connect", False, connect_advice(mailbox, error))
        return
    yield CheckStep("connect", True, f"Port {mailbox.port} answers")
    yield from check_session(mailbox, plain)


def check_session(mailbox: Mailbox, plain: socket.socket) -> Iterator[CheckStep]:
    try:
        server = start_session(mailbox, plain, time.monotonic() + SESSION_SECONDS)
    except (OSError, smtplib.SMTPException) as error:
        yield CheckStep("tls", False, tls_advice(mailbox, error))
        return
    try:
        yield CheckStep("tls", True, tls_detail(mailbox, server))
        yield check_sign_in(mailbox, server)
    finally:
        server.close()


def check_sign_in(mailbox: Mailbox, server: Session) -> CheckStep:
    if not mailbox.username:
        return CheckStep("sign in", True, "Not needed: no user name is set")
    if mailbox.secret is None:
        return CheckStep("sign in", False, "There is a user name and no password. Enter the password.")
    try:
        if server.sock:
            server.sock.settimeout(STEP_SECONDS)
        sign_in(server, mailbox)
    except smtplib.SMTPNotSupportedError:
        return CheckStep("sign in", False, auth_advice(mailbox))
    except smtplib.SMTPResponseException as error:
        said = text_of(error.smtp_error)[:200]
        return CheckStep(
            "sign in",
            False,
            f"The server refused the user name or password ({error.smtp_code} {said}). Check both; with two-step "
            "sign-in (Gmail, Outlook, Yahoo, iCloud) create an app password at your provider and use that one here.",
        )
    except (OSError, smtplib.SMTPException) as error:
        return CheckStep("sign in", False, f"The connection ended while signing in: {describe(error)}. Try again.")
    return CheckStep("sign in", True, f"Signed in as {mailbox.username}")


def auth_advice(mailbox: Mailbox) -> str:
    if mailbox.security == "none":
        return "The server offers no sign-in on an open connection. Choose STARTTLS (port 587) or TLS (port 465)."
    return "The server offers no sign-in that we speak. Leave the user name empty if it needs none."


def connect_advice(mailbox: Mailbox, error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        hint = "Check the port: 587 is usual for STARTTLS, 465 for TLS."
    else:
        hint = "Check host and port; a firewall may block it."
    return f"{mailbox.host}, port {mailbox.port}: {describe(error)}. {hint}"


def tls_advice(mailbox: Mailbox, error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = "Use the host name that your provider names, or ask it for a valid certificate."
        return f"The server's certificate is not trusted: {error.verify_message}. {advice}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The server does not offer STARTTLS on this port. Choose TLS (port 465), or another port."
    if isinstance(error, ssl.SSLError):
        return "The server does not speak TLS on this port. Choose STARTTLS for 587, TLS for 465."
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code < 0:
        return (
            "What answers on this port is no mail server. Check host and port: 587 is usual for STARTTLS, 465 for TLS."
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The server turned us away: {error.smtp_code} {text_of(error.smtp_error)[:200]}"
    if mailbox.security == "none":
        return f"The server did not greet us: {describe(error)}. If the port expects TLS, choose TLS."
    return f"The connection ended before it was secured: {describe(error)}. Check port and security."


def tls_detail(mailbox: Mailbox, server: Session) -> str:
    if isinstance(server.sock, ssl.SSLSocket):
        return f"Secured with {server.sock.version()}"
    return "Not secured, as chosen: password and mails can be read on the way"
