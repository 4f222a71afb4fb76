"""AUTH (RFC 4954). smtplib has its own, which knows ASCII alone; user names and passwords are UTF-8 here (RFC 4616)."""

import base64
import hmac
import smtplib
import ssl
from collections.abc import Callable

from senders.transports.base import Mailbox


def sign_in(server: smtplib.SMTP, mailbox: Mailbox) -> None:
    """Sign in where the mailbox has a user name; raises SMTPNotSupportedError, SMTPAuthenticationError."""
    if not mailbox.username or mailbox.secret is None:
        return
    offered = set(server.esmtp_features.get("auth", "").upper().split())
    encrypted = isinstance(server.sock, ssl.SSLSocket)
    # In the open a challenge keeps the password itself off the line; under TLS the plain mechanism works everywhere.
    preference = ("PLAIN", "LOGIN", "CRAM-MD5") if encrypted else ("CRAM-MD5", "PLAIN", "LOGIN")
    code, text = 0, b""
    for name in preference:
        if name not in offered:
            continue
        code, text = MECHANISMS[name](server, mailbox.username, mailbox.secret.reveal())
        if code == 235:
            return
        if code not in {500, 501, 504}:  # those: the mechanism is not spoken after all (RFC 4954 4)
            break
    if not code:
        raise smtplib.SMTPNotSupportedError("The server offers no sign-in that we speak.")
    raise smtplib.SMTPAuthenticationError(code, text)


def plain(server: smtplib.SMTP, username: str, password: str) -> tuple[int, bytes]:
    """RFC 4616: all in one go."""
    credentials = encoded(f"\0{username}\0{password}")
    return server.docmd("AUTH", f"PLAIN {credentials}")


def login(server: smtplib.SMTP, username: str, password: str) -> tuple[int, bytes]:
    """draft-murchison-sasl-login: the server asks for the name, then for the password."""
    code, text = server.docmd("AUTH", "LOGIN")
    for answer in (username, password):
        if code != 334:
            break
        code, text = server.docmd(encoded(answer))
    return code, text


def cram_md5(server: smtplib.SMTP, username: str, password: str) -> tuple[int, bytes]:
    """RFC 2195: a keyed digest of the server's challenge."""
    code, text = server.docmd("AUTH", "CRAM-MD5")
    if code != 334:
        return code, text
    try:
        challenge = base64.b64decode(text)
    except ValueError:
        return server.docmd("*")  # RFC 4954 4: cancels
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    return server.docmd(encoded(f"{username} {digest}"))


MECHANISMS: dict[str, Callable[[smtplib.SMTP, str, str], tuple[int, bytes]]] = {
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
