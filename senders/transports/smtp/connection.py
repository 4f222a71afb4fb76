"""One kept-open SMTP connection. Nothing counts as sent but a 250 to the end of the data, nothing as unsent after it."""

import contextlib
import smtplib
import ssl
import time
from types import TracebackType
from typing import Self

from senders.transports.base import (
    ConnectError,
    Deferred,
    Disconnected,
    Mailbox,
    Outcome,
    Outgoing,
    Sent,
    Throttled,
    Unanswered,
)
from senders.transports.sending import Steps, send_now
from senders.transports.smtp.auth import sign_in
from senders.transports.smtp.hosts import HostError, PrivateHost, is_loopback, resolve
from senders.transports.smtp.replies import outcome_of
from senders.transports.smtp.session import (
    CONNECT_SECONDS,
    Session,
    describe,
    first_that_answers,
    start_session,
    text_of,
)
from senders.transports.smtp.transaction import Lost, asked, cleared, lines, on_the_line, transaction

# A polite ceiling for foreign servers; our own machine (tests, a local relay) is not bothered by more.
MAILS_PER_CONNECTION = 100
QUIT_SECONDS = 2
# How long a sender rests whose server hung up before it said anything, or is not there: sending goes on within half a minute
# of its return.
UNREACHABLE_SECONDS = 20.0


class SmtpConnection:
    """Opens on construction; raises ConnectError where it cannot."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.server: Session | None = None
        self.offered = 0  # mails offered over the present connection
        self.foreign = True
        self.named: Outgoing | None = None  # the mail whose MAIL, RCPT and DATA went out behind the last one's data
        self.deaf = False  # to what is sent behind a mail's data, as some servers are
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> Session:
        """Connect, secure and sign in; raises ConnectError with what follows for the sender."""
        try:
            addresses = resolve(self.mailbox.host, self.mailbox.port)
            self.foreign = not is_loopback(addresses[0])
            patience = min(CONNECT_SECONDS, self.mailbox.deadline - time.monotonic())
            plain = first_that_answers(addresses, self.mailbox.port, patience)
            server = start_session(self.mailbox, plain, self.mailbox.deadline)
            self.server = server
            sign_in(server, self.mailbox)
        except (HostError, OSError, smtplib.SMTPException) as error:
            self.drop()
            raise ConnectError(connect_outcome(self.mailbox.host, error)) from error
        self.offered = 0
        return server

    def close(self) -> None:
        """Take leave politely, and never wait long for it; in the middle of a transaction, only by hanging up."""
        if self.named:
            self.drop()
        server, self.server = self.server, None
        if server is None:
            return
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if server.sock is not None:
                server.sock.settimeout(QUIT_SECONDS)
            server.quit()
        server.close()

    def drop(self) -> None:
        server, self.server, self.named = self.server, None, None
        if server is not None:
            server.close()

    def fileno(self) -> int:
        """Where its answers come in."""
        return self.server.sock.fileno() if self.server and self.server.sock else -1

    @property
    def names_ahead(self) -> bool:
        """Whether the next mail may be named behind this one's data (RFC 2920)."""
        spent = self.foreign and self.offered >= MAILS_PER_CONNECTION
        return self.server is not None and not self.deaf and not spent and self.server.has_extn("pipelining")

    def send(self, outgoing: Outgoing) -> Outcome:
        return send_now(self, outgoing)

    def sending(self, outgoing: Outgoing, following: Outgoing | None = None) -> Steps:
        """Offer one mail; a connection that the server closed meanwhile is opened again once. Where `following` will be the
        next one, its MAIL, RCPT and DATA go out in one write with this one's data, and not a byte of its own data.
        """
        if self.foreign and self.offered >= MAILS_PER_CONNECTION:
            yield self.close
        if self.named and self.named is not outgoing:
            self.drop()
        used = self.server is not None and self.offered > 0
        try:
            return (yield from self.offering(outgoing, following))
        except Lost as lost:
            if not used:
                return lost.outcome
        try:
            return (yield from self.offering(outgoing, following))
        except Lost as lost:
            return lost.outcome

    def offering(self, outgoing: Outgoing, following: Outgoing | None) -> Steps:
        """One transaction: MAIL, RCPT, DATA, the data. Raises Lost only while the mail is certainly not the server's."""
        try:
            if self.server is None:
                yield self.open
        except ConnectError as error:
            return error.outcome
        server = self.server
        assert server is not None
        self.offered += 1
        commands = transaction(server, outgoing)
        if not isinstance(commands, list):
            return commands
        named, self.named = self.named is outgoing, None
        try:
            refusal = yield from asked(server, commands, named=named)
        except Lost as lost:
            self.deaf = self.deaf or (named and not lost.told)
            self.drop()
            raise
        if refusal:
            return (yield from self.refused(server, *refusal))
        return (yield from self.hand_over(server, outgoing, following))

    def hand_over(self, server: Session, outgoing: Outgoing, following: Outgoing | None) -> Steps:
        """Send the data and its end, and name what follows. From the end on, only an answer tells what became of it."""
        mail = on_the_line(outgoing.data)
        try:
            server.hand_over(mail + self.name(server, following), len(mail))
        except smtplib.SMTPServerDisconnected as error:
            # The final dot never left this machine, and without it no server takes the mail (RFC 5321 4.1.1.4).
            self.drop()
            return Deferred(f"The connection broke before the whole mail was handed over: {describe(error)}")
        try:
            code, text = yield from server.replying()
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            return Unanswered(f"The server was given the mail and did not answer: {describe(error)}")
        if 200 <= code < 300:
            return Sent(detail=text_of(text)[:200])
        if 400 <= code < 600:
            return (yield from self.refused(server, "d", code, text))
        self.drop()
        return Unanswered(f"The server was given the mail, and its answer is no SMTP: {code} {text_of(text)[:200]}")

    def name(self, server: Session, following: Outgoing | None) -> bytes:
        """The commands that name the mail that follows, where that can be."""
        commands = transaction(server, following) if following and self.names_ahead else None
        if not isinstance(commands, list):
            return b""
        self.named = following
        return lines(commands)

    def refused(self, server: Session, stage: str, code: int, text: bytes) -> Steps:
        """Clear the transaction (RFC 5321 4.1.1.5), but where the next one has begun, and say what the refusal means."""
        try:
            if code in {421, 354} or not (self.named or (yield from cleared(server))):
                self.drop()
        except (OSError, smtplib.SMTPException):
            self.drop()
        return outcome_of(stage, code, text_of(text))


def connect_outcome(host: str, error: Exception) -> Throttled | Disconnected:
    """What follows for the sender where no connection came about."""
    match error:
        case PrivateHost() | smtplib.SMTPNotSupportedError():
            return Disconnected(f"{host}: {error}")
        case HostError():
            return Throttled(str(error), 300)
        case smtplib.SMTPResponseException():
            stage = "a" if isinstance(error, smtplib.SMTPAuthenticationError) else "g"
            outcome = outcome_of(stage, error.smtp_code, text_of(error.smtp_error))
            return outcome if isinstance(outcome, Throttled | Disconnected) else Throttled(str(outcome), 300)
        case ssl.SSLCertVerificationError():
            return Disconnected(f"The certificate of {host} is not trusted: {error.verify_message}.")
    return Throttled(f"{host} cannot be reached: {describe(error)}", UNREACHABLE_SECONDS)
