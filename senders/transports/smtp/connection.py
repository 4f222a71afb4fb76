"""One kept-open SMTP connection. Nothing counts as sent but a 250 to the end of the data, nothing as unsent after it."""

import contextlib
import logging
import smtplib
import socket
import ssl
from email.utils import parseaddr
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings

from senders.transports.base import (
    ConnectError,
    Deferred,
    Disconnected,
    Mailbox,
    Outcome,
    Outgoing,
    Rejected,
    Sent,
    Throttled,
    Unanswered,
)
from senders.transports.smtp.hosts import HostError, ascii_host, is_loopback, resolve
from senders.transports.smtp.replies import outcome_of

log = logging.getLogger(__name__)

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 60.0
# A polite ceiling for foreign servers; our own machine (tests, a local relay) is not bothered by more.
MAILS_PER_CONNECTION = 100
# RFC 5321 4.5.2: a dot at the start of a line is doubled.
LINE_DOT, DOUBLED = b"\r\n.", b"\r\n.."


class Lost(Exception):
    """The connection went away, or the server said 421."""


class SmtpConnection:
    """Opens on construction; raises ConnectError where it cannot."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.server: smtplib.SMTP | None = None
        self.count = 0
        self.foreign = True
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect, secure and sign in; raises ConnectError with what follows for the sender."""
        try:
            addresses = resolve(self.mailbox.host, self.mailbox.port)
        except HostError as error:
            raise ConnectError(Throttled(str(error), 300)) from error
        self.foreign = not is_loopback(addresses[0])
        try:
            self.server = start_session(self.mailbox, addresses)
            sign_in(self.server, self.mailbox)
        except smtplib.SMTPResponseException as error:
            self.drop()
            stage = "a" if isinstance(error, smtplib.SMTPAuthenticationError) else "g"
            raise ConnectError(sender_outcome(outcome_of(stage, error.smtp_code, text_of(error.smtp_error)))) from error
        except ssl.SSLCertVerificationError as error:
            self.drop()
            reason = f"The certificate of {self.mailbox.host} is not trusted: {error.verify_message}."
            raise ConnectError(Disconnected(reason)) from error
        except smtplib.SMTPNotSupportedError as error:
            self.drop()
            raise ConnectError(Disconnected(f"{self.mailbox.host}: {error}")) from error
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            raise ConnectError(Throttled(f"{self.mailbox.host} cannot be reached: {describe(error)}", 60)) from error
        self.count = 0

    def close(self) -> None:
        """Take leave politely, and never wait long for it."""
        server, self.server = self.server, None
        if server is None:
            return
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if server.sock is not None:
                server.sock.settimeout(2)
            server.quit()
        server.close()

    def drop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            server.close()

    def send(self, outgoing: Outgoing) -> Outcome:
        """Offer one mail; a connection that the server closed meanwhile is opened again once."""
        if self.foreign and self.count >= MAILS_PER_CONNECTION:
            self.close()
        for attempt in (1, 2):
            try:
                if self.server is None:
                    self.open()
                assert self.server is not None
                return self.transact(self.server, outgoing)
            except Lost as error:
                self.drop()
                if attempt == 2 or self.count == 0:
                    return Deferred(f"The connection ended before the mail was handed over: {error}")
            except ConnectError as error:
                return error.outcome
        raise AssertionError("unreachable")

    def transact(self, server: smtplib.SMTP, outgoing: Outgoing) -> Outcome:
        """MAIL, RCPT, DATA. Raises Lost only while the mail is certainly not the server's."""
        options, sender, recipient = envelope(server, outgoing)
        if options is None:
            return Rejected("The address needs SMTPUTF8 (RFC 6531), which the sender's server does not offer.")
        for stage, command, wanted in (
            ("m", f"MAIL FROM:<{sender}>{options}", 250),
            ("r", f"RCPT TO:<{recipient}>", (250, 251)),
            ("d", "DATA", 354),
        ):
            code, text = ask(server, command)
            if code not in (wanted if isinstance(wanted, tuple) else (wanted,)):
                return self.refused(server, stage, code, text)
        return self.hand_over(server, outgoing.data)

    def hand_over(self, server: smtplib.SMTP, data: bytes) -> Outcome:
        """Send the data and its end. From the end on, only an answer tells what became of it."""
        body = data.replace(LINE_DOT, DOUBLED)
        if body.startswith(b"."):
            body = b"." + body
        end = b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            server.send(body + end)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            # The line broke while we wrote: whether the end went through cannot be known.
            self.drop()
            return Unanswered(f"The connection broke while the mail was handed over: {describe(error)}")
        try:
            code, text = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            return Unanswered(f"The server took the mail and did not answer: {describe(error)}")
        self.count += 1
        if code == 250:
            return Sent(detail=text_of(text)[:200])
        return self.refused(server, "d", code, text)

    def refused(self, server: smtplib.SMTP, stage: str, code: int, text: bytes) -> Outcome:
        """Clear the transaction (RFC 5321 4.1.1.5) and say what the refusal means."""
        if code == 421 and stage != "d":
            raise Lost(f"421 {text_of(text)}")
        try:
            if code == 421 or server.rset()[0] != 250:
                self.drop()
        except (OSError, smtplib.SMTPException):
            self.drop()
        return outcome_of(stage, code, text_of(text))


def start_session(mailbox: Mailbox, addresses: list[str]) -> smtplib.SMTP:
    """A connected, secured session with EHLO said; raises what smtplib and ssl raise."""
    context = tls_context(addresses[0])
    # Named by our own host: smtplib would look up the machine's name, which may take seconds.
    server = smtplib.SMTP(timeout=CONNECT_SECONDS, local_hostname=urlsplit(settings.PUBLIC_URL).hostname or "localhost")
    host = ascii_host(mailbox.host)
    try:
        # smtplib connects to a name of its own resolving; we give it the socket to the address that was checked.
        server._host = host  # type: ignore[attr-defined]
        plain = first_that_answers(addresses, mailbox.port)
        server.sock = context.wrap_socket(plain, server_hostname=host) if mailbox.security == "tls" else plain
        server.file = None
        code, text = server.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        server.ehlo_or_helo_if_needed()
        if mailbox.security == "starttls":
            server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
        server.sock.settimeout(ANSWER_SECONDS)
    except BaseException:
        server.close()
        raise
    return server


def first_that_answers(addresses: list[str], port: int) -> socket.socket:
    """A connection to the first address that takes one; raises the last one's OSError."""
    for number, address in enumerate(addresses, 1):
        try:
            plain = socket.create_connection((address, port), timeout=CONNECT_SECONDS)
        except OSError:
            if number == len(addresses):
                raise
        else:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain
    raise OSError("no address")


def sign_in(server: smtplib.SMTP, mailbox: Mailbox) -> None:
    """AUTH, where the mailbox has a user name; raises SMTPNotSupportedError, SMTPAuthenticationError and the like."""
    if mailbox.username and mailbox.secret is not None:
        server.login(mailbox.username, mailbox.secret.reveal())


def tls_context(address: str) -> ssl.SSLContext:
    """Certificates are verified; a server on our own machine, in development, may have made its own."""
    context = ssl.create_default_context()
    if settings.ALLOW_PRIVATE_HOSTS and is_loopback(address):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def ask(server: smtplib.SMTP, command: str) -> tuple[int, bytes]:
    """One command and its reply; raises Lost where the connection is gone."""
    try:
        server.send(f"{command}\r\n".encode())
        return server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Lost(describe(error)) from error


def envelope(server: smtplib.SMTP, outgoing: Outgoing) -> tuple[str | None, str, str]:
    """MAIL's options and both addresses as the server can take them; options None where it cannot."""
    sender, recipient = idna(outgoing.envelope_from), idna(outgoing.recipient)
    options = f" SIZE={len(outgoing.data)}" if server.has_extn("size") else ""
    if not outgoing.data.isascii() and server.has_extn("8bitmime"):
        options += " BODY=8BITMIME"  # only UTF-8 headers, with an address beyond ASCII, come to this
    if sender.isascii() and recipient.isascii():
        return options, sender, recipient
    if not server.has_extn("smtputf8"):
        return None, sender, recipient
    return f"{options} SMTPUTF8", sender, recipient


def idna(address: str) -> str:
    """The bare address with its domain in A-labels, where its local part is ASCII (RFC 5891)."""
    bare = parseaddr(address)[1] or address
    bare = "".join(char for char in bare if char not in "<>\r\n\0 ")
    local, _, domain = bare.rpartition("@")
    if bare.isascii() or not local.isascii():
        return bare
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return bare


def sender_outcome(outcome: Outcome) -> Throttled | Disconnected:
    return outcome if isinstance(outcome, Throttled | Disconnected) else Throttled(getattr(outcome, "reason", ""), 300)


def text_of(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


def describe(error: BaseException) -> str:
    """A network error in words."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens on that port"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
