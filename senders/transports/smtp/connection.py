"""One kept-open SMTP connection. Nothing counts as sent but a 250 to the end of the data, nothing as unsent after it."""

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Generator
from email.utils import parseaddr
from functools import lru_cache
from types import TracebackType
from typing import Self

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

# A polite ceiling for foreign servers; our own machine (tests, a local relay) is not bothered by more.
MAILS_PER_CONNECTION = 100
QUIT_SECONDS = 2
# How long a sender rests whose server hung up before it said anything, or is not there: sending goes on within half a minute
# of its return.
UNREACHABLE_SECONDS = 20.0
# RFC 5321 4.5.2: a dot at the start of a line is doubled.
LINE_DOT, DOUBLED = b"\r\n.", b"\r\n.."
PLAIN_ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")

Reply = tuple[int, bytes]
Refusal = tuple[str, int, bytes]  # the stage, the code, the text


class Lost(Exception):
    """The connection went away, or the server said 421, while the mail was certainly still ours."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class SmtpConnection:
    """Opens on construction; raises ConnectError where it cannot."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.server: Session | None = None
        self.offered = 0  # mails offered over the present connection
        self.foreign = True
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
        """Take leave politely, and never wait long for it."""
        server, self.server = self.server, None
        if server is None:
            return
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if server.sock is not None:
                server.sock.settimeout(QUIT_SECONDS)
            server.quit()
        server.close()

    def drop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            server.close()

    def fileno(self) -> int:
        """Where its answers come in."""
        return self.server.sock.fileno() if self.server and self.server.sock else -1

    def send(self, outgoing: Outgoing) -> Outcome:
        return send_now(self, outgoing)

    def sending(self, outgoing: Outgoing) -> Steps:
        """Offer one mail; a connection that the server closed meanwhile is opened again once."""
        if self.foreign and self.offered >= MAILS_PER_CONNECTION:
            yield self.close
        used = self.server is not None and self.offered > 0
        try:
            return (yield from self.offering(outgoing))
        except Lost as lost:
            if not used:
                return lost.outcome
        try:
            return (yield from self.offering(outgoing))
        except Lost as lost:
            return lost.outcome

    def offering(self, outgoing: Outgoing) -> Steps:
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
        try:
            ask = ask_all if server.has_extn("pipelining") else ask_each
            refusal = yield from ask(server, commands)
        except Lost:
            self.drop()
            raise
        if refusal:
            return (yield from self.refused(server, *refusal))
        return (yield from self.hand_over(server, outgoing.data))

    def hand_over(self, server: Session, data: bytes) -> Steps:
        """Send the data and its end. From the end on, only an answer tells what became of it."""
        body = data.replace(LINE_DOT, DOUBLED)
        if body.startswith(b"."):
            body = b"." + body
        end = b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            server.send(body + end)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            # sendall fails only while bytes are left that the system did not take: the final dot, always the last of
            # them, never left this machine, and without it no server takes the mail (RFC 5321 4.1.1.4).
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

    def refused(self, server: Session, stage: str, code: int, text: bytes) -> Steps:
        """Clear the transaction (RFC 5321 4.1.1.5) and say what the refusal means."""
        try:
            if code in {421, 354} or not (yield from cleared(server)):
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


def cleared(server: Session) -> Generator[float, object, bool]:
    server.send(b"RSET\r\n")
    code, _ = yield from server.replying()
    return code == 250


def ask_all(server: Session, commands: list[str]) -> Generator[float, object, Refusal | None]:
    """MAIL, RCPT and DATA in one write (RFC 2920); the first refusal, as `ask_each` gives it."""
    write(server, commands)
    replies = []
    for stage in "mrd":
        replies.append((yield from answer(server, stage)))
    for stage, (code, text) in zip("mrd", replies, strict=True):
        if accepted(stage, code):
            continue
        if replies[2][0] == 354:
            yield from end_unwanted_data(server, recipient_refused=replies[1][0] >= 400)
        return stage, code, text
    return None


def end_unwanted_data(server: Session, *, recipient_refused: bool) -> Generator[float, object, None]:
    """The server asks for data although we do not want to send it any more (RFC 2920 3.1).

    With no recipient an empty mail ends that and goes nowhere. Otherwise the server is odd: leave.
    """
    if not recipient_refused:
        server.close()
        return
    write(server, ["."])
    yield from answer(server, "d")


def ask_each(server: Session, commands: list[str]) -> Generator[float, object, Refusal | None]:
    """The commands one after the other; the first refusal as its stage, code and text. Raises Lost."""
    for stage, command in zip("mrd", commands, strict=True):
        write(server, [command])
        code, text = yield from answer(server, stage)
        if not accepted(stage, code):
            return stage, code, text
    return None


def accepted(stage: str, code: int) -> bool:
    return code == 354 if stage == "d" else 200 <= code < 300


def write(server: Session, commands: list[str]) -> None:
    try:
        server.send("".join(f"{command}\r\n" for command in commands).encode())
    except (OSError, smtplib.SMTPException) as error:
        raise lost(error) from error


def answer(server: Session, stage: str) -> Generator[float, object, Reply]:
    try:
        code, text = yield from server.replying()
    except (OSError, smtplib.SMTPException) as error:
        raise lost(error) from error
    if code == 421:  # RFC 5321 3.8: the server closes the connection after it
        raise Lost(outcome_of(stage, code, text_of(text)))
    return code, text


def lost(error: BaseException) -> Lost:
    return Lost(Deferred(f"The connection ended before the mail was handed over: {describe(error)}"))


def transaction(server: Session, outgoing: Outgoing) -> list[str] | Rejected | Disconnected:
    """MAIL, RCPT and DATA as this server can take them; an outcome where it cannot."""
    sender, recipient = idna(outgoing.envelope_from), idna(outgoing.recipient)
    options = f" SIZE={len(outgoing.data)}" if server.has_extn("size") else ""
    if not outgoing.data.isascii() and server.has_extn("8bitmime"):
        options += " BODY=8BITMIME"  # only UTF-8 headers, with an address beyond ASCII, come to this
    if not (sender.isascii() and recipient.isascii()):
        if not server.has_extn("smtputf8"):
            needs = "needs SMTPUTF8 (RFC 6531), which the sender's server does not offer."
            if not sender.isascii():
                return Disconnected(f"The sender's own address {needs}")
            return Rejected(f"The address {needs}")
        options += " SMTPUTF8"
    return [f"MAIL FROM:<{sender}>{options}", f"RCPT TO:<{recipient}>", "DATA"]


@lru_cache(maxsize=1024)
def idna(address: str) -> str:
    """The bare address with its domain in A-labels, where its local part is ASCII (RFC 5891)."""
    if PLAIN_ADDRESS.fullmatch(address):
        return address
    bare = parseaddr(address)[1] or address
    bare = "".join(char for char in bare if char not in "<>\r\n\0 ")
    local, _, domain = bare.rpartition("@")
    if bare.isascii() or not local.isascii():
        return bare
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return bare
