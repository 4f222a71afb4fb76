"""How a mail leaves: one folder a provider, one shape for all (`base`).

In: a `Mailbox` and `Outgoing` mails. Out: an `Outcome` for each, typed by what follows from it. What may fail: everything
on the network; that is an outcome or a `ConnectError`, never another exception.
"""

from collections.abc import Callable

from senders.transports.base import Connection, Mailbox
from senders.transports.gmail.connection import GmailConnection
from senders.transports.outlook.connection import OutlookConnection
from senders.transports.smtp.connection import SmtpConnection

TRANSPORTS: dict[str, Callable[[Mailbox], Connection]] = {
    "smtp": SmtpConnection,
    "gmail": GmailConnection,
    "outlook": OutlookConnection,
}


def connect(mailbox: Mailbox) -> Connection:
    """An open, signed-in connection; raises ConnectError with what follows for the sender."""
    return TRANSPORTS[mailbox.kind](mailbox)
