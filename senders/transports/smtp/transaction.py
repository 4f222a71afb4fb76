"""One mail's transaction: MAIL, RCPT, DATA (RFC 5321 3.3), what is refused of it, and the data as it goes over the line."""

import re
import smtplib
from collections.abc import Generator
from email.utils import parseaddr
from functools import lru_cache

from senders.transports.base import Deferred, Disconnected, Outcome, Outgoing, Rejected
from senders.transports.smtp.replies import outcome_of
from senders.transports.smtp.session import Session, describe, text_of

# RFC 5321 4.5.2: a dot at the start of a line is doubled.
LINE_DOT, DOUBLED = b"\r\n.", b"\r\n.."
PLAIN_ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")

Reply = tuple[int, bytes]
Refusal = tuple[str, int, bytes]  # the stage, the code, the text


class Lost(Exception):
    """The connection went away, or the server said 421 (`told`), while the mail was certainly still ours."""

    def __init__(self, outcome: Outcome, *, told: bool = False) -> None:
        super().__init__()
        self.outcome = outcome
        self.told = told


def cleared(server: Session) -> Generator[float, object, bool]:
    server.send(b"RSET\r\n")
    code, _ = yield from server.replying()
    return code == 250


def on_the_line(data: bytes) -> bytes:
    """The data as it is sent, its end included."""
    body = data.replace(LINE_DOT, DOUBLED)
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


def asked(server: Session, commands: list[str], *, named: bool) -> Generator[float, object, Refusal | None]:
    """MAIL, RCPT and DATA; the first refusal as its stage, code and text. `named`: the server has them already. Raises
    Lost.
    """
    if not server.has_extn("pipelining"):
        return (yield from ask_each(server, commands))
    if not named:
        write(server, commands)
    return (yield from answers(server))


def answers(server: Session) -> Generator[float, object, Refusal | None]:
    """The answers to MAIL, RCPT and DATA that went out in one write (RFC 2920)."""
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
    for stage, command in zip("mrd", commands, strict=True):
        write(server, [command])
        code, text = yield from answer(server, stage)
        if not accepted(stage, code):
            return stage, code, text
    return None


def accepted(stage: str, code: int) -> bool:
    return code == 354 if stage == "d" else 200 <= code < 300


def lines(commands: list[str]) -> bytes:
    return "".join(f"{command}\r\n" for command in commands).encode()


def write(server: Session, commands: list[str]) -> None:
    try:
        server.send(lines(commands))
    except (OSError, smtplib.SMTPException) as error:
        raise lost(error) from error


def answer(server: Session, stage: str) -> Generator[float, object, Reply]:
    try:
        code, text = yield from server.replying()
    except (OSError, smtplib.SMTPException) as error:
        raise lost(error) from error
    if code == 421:  # RFC 5321 3.8: the server closes the connection after it
        raise Lost(outcome_of(stage, code, text_of(text)), told=True)
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
