"""The catcher's SMTP server: takes mail for every address, from anyone who signs in with anything; but an address that
begins with `bounce` is refused, so that one can see what a refusal does.
"""

import logging
from collections import deque
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from ecrm.catcher.mail import names, store

MAILS_KEPT = 20_000
REFUSED = "bounce"


class Keep:
    """Keeps each mail as a file, and deletes the oldest beyond `most`."""

    def __init__(self, folder: Path, most: int = MAILS_KEPT) -> None:
        self.folder = folder
        self.most = most
        self.kept = deque(reversed(names(folder)))  # oldest first; a page may have deleted some of them

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower().startswith(REFUSED):
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        self.kept.append(store(self.folder, envelope.mail_from or "", list(envelope.rcpt_tos), content))
        while len(self.kept) > self.most:
            (self.folder / f"{self.kept.popleft()}.eml").unlink(missing_ok=True)
        return "250 2.0.0 Caught"


def accept_anyone(*args: Any) -> AuthResult:
    return AuthResult(success=True)


def catcher(folder: Path, port: int, most: int = MAILS_KEPT) -> Controller:
    """A server on loopback, not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # a line per command otherwise
    return Controller(
        Keep(folder, most),
        hostname="127.0.0.1",
        port=port,
        enable_SMTPUTF8=True,
        authenticator=accept_anyone,
        auth_require_tls=False,
        ident="eCRM mail catcher",
    )
