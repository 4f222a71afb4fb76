"""From addresses to a secured SMTP session: connect, greet, STARTTLS or TLS. Raises what socket, ssl and smtplib raise.

On smtplib for EHLO and STARTTLS. The connection is ours, since smtplib would resolve the name a second time, and so is the
reading of replies, since smtplib's has no end where a server never stops talking.
"""

from __future__ import annotations

import math
import smtplib
import socket
import ssl
import time
from collections.abc import Generator
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from senders.transports.base import Mailbox
from senders.transports.smtp.hosts import ascii_host, is_loopback

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 60.0
# A whole reply: this long, this many lines, this many bytes a line; beyond, the server is not worth listening to.
REPLY_SECONDS = 120.0
REPLY_LINES = 200
LINE_BYTES = 8192
RECORD_BYTES = 1 << 14  # RFC 8446 5.1


class Session(smtplib.SMTP):
    """smtplib's client with replies that end, all of them by `deadline` (of the monotonic clock)."""

    pending = b""
    deadline = math.inf

    def getreply(self) -> tuple[int, bytes]:
        """As `replying`, and waits for it: what smtplib calls."""
        steps = self.replying()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                code, text = end.value
                return code, text

    def replying(self) -> Generator[float, object, tuple[int, bytes]]:
        """The next reply's code (-1 where it is none) and its lines' text; raises SMTPServerDisconnected. Yields before it
        reads from the network, until when it can wait for that.
        """
        deadline = min(time.monotonic() + REPLY_SECONDS, self.deadline)
        texts: list[bytes] = []
        for _ in range(REPLY_LINES):
            while (end := self.pending.find(b"\n")) < 0:
                yield from self.reading(deadline)
            line, self.pending = self.pending[:end], self.pending[end + 1 :]
            texts.append(line[4:].strip())
            code = int(line[:3]) if line[:3].isdigit() else -1
            if code < 0 or line[3:4] != b"-":
                return code, b"\n".join(texts)
        self.close()
        raise smtplib.SMTPServerDisconnected("the server's reply had no end")

    def reading(self, deadline: float) -> Generator[float, object, None]:
        """Read some more of a reply that must end by `deadline`."""
        if len(self.pending) > LINE_BYTES or time.monotonic() > deadline:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server's reply had no end")
        if not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):  # nothing decrypted already
            try:
                yield min(deadline, time.monotonic() + ANSWER_SECONDS)
            except TimeoutError as error:
                self.close()
                raise smtplib.SMTPServerDisconnected("connection lost") from error
        self.pending += self.read_some()

    def hurry(self) -> None:
        """Let the socket wait no longer than until the deadline; raises TimeoutError after it."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self.sock and self.deadline < math.inf:
            self.sock.settimeout(min(left, self.sock.gettimeout() or left))

    def send(self, s: ReadableBuffer | str) -> None:
        try:
            self.hurry()
        except TimeoutError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected("no time is left") from error
        super().send(s)

    def hand_over(self, data: bytes, most: int) -> None:
        """Send `data`; raises as `send` does where not even its first `most` bytes left this machine. Where only some of
        the others did, the next reply says what became of the connection.
        """
        taken, until = 0, time.monotonic() + ANSWER_SECONDS
        view = memoryview(data)
        try:
            while taken < len(data):
                self.hurry()
                if self.sock is None or time.monotonic() > until:
                    raise TimeoutError
                # A TLS record at a time: of each it is certain whether the system took it.
                taken += self.sock.send(view[taken : taken + RECORD_BYTES])
        except OSError as error:
            if taken < most:
                self.close()
                raise smtplib.SMTPServerDisconnected("connection lost") from error

    def read_some(self) -> bytes:
        try:
            self.hurry()
            chunk = self.sock.recv(LINE_BYTES) if self.sock else b""
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected("connection lost") from error  # `describe` says how
        if not chunk:
            self.close()
            raise smtplib.SMTPServerDisconnected("it closed the connection")
        return chunk

    def secure(self, context: ssl.SSLContext) -> None:
        """STARTTLS (RFC 3207). What came before TLS and is still unread was not said by the server we verified."""
        self.starttls(context=context)
        if self.pending:
            self.close()
            raise smtplib.SMTPServerDisconnected("it spoke out of turn before TLS")
        self.ehlo_or_helo_if_needed()


def first_that_answers(addresses: list[str], port: int, seconds: float = CONNECT_SECONDS) -> socket.socket:
    """A connection to the first address that takes one, within `seconds` for all; raises the last one's OSError."""
    deadline = time.monotonic() + seconds
    for left in range(len(addresses), 0, -1):
        share = max(1.0, (deadline - time.monotonic()) / left)
        try:
            plain = socket.create_connection((addresses[-left], port), timeout=share)
        except OSError:
            if left == 1:
                raise
        else:
            plain.settimeout(seconds)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain
    raise OSError("no address")


def start_session(mailbox: Mailbox, plain: socket.socket, deadline: float = math.inf) -> Session:
    """A secured session with EHLO said, over a fresh connection, which it closes where that fails."""
    host = ascii_host(mailbox.host)
    context = tls_context(verified=not (settings.ALLOW_PRIVATE_HOSTS and is_loopback(plain.getpeername()[0])))
    # Named by our own host: smtplib would look up the machine's name, which may take seconds.
    server = Session(local_hostname=urlsplit(settings.PUBLIC_URL).hostname or "localhost")
    server.sock = plain
    server.deadline = deadline
    server._host = host  # type: ignore[attr-defined]  # smtplib's starttls checks the certificate against it
    try:
        if mailbox.security == "tls":
            server.sock = context.wrap_socket(plain, server_hostname=host)
        code, text = server.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        server.ehlo_or_helo_if_needed()
        if mailbox.security == "starttls":
            server.secure(context)
        server.sock.settimeout(ANSWER_SECONDS)
    except BaseException:
        server.close()
        plain.close()
        raise
    return server


@lru_cache(maxsize=2)
def tls_context(*, verified: bool) -> ssl.SSLContext:
    """The process's own: to read the authorities' certificates takes 20 ms of computing. A server on our own machine, in
    development, may have made its own, so that is not `verified`.
    """
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def text_of(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


def describe(error: BaseException) -> str:
    """A network error in words; smtplib hides the system's error behind its own."""
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        error = error.__context__
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens on that port"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "it closed the connection"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
