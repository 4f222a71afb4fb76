"""How large a mail its files make, and who still takes it.

Base64 makes four bytes of three, and a line break after each 57 (RFC 2045 6.8).
"""

from collections.abc import Iterable

from senders.models import Kind

MOST_IN_FILE = 10_000_000  # bytes
MOST_IN_MAIL = 18_000_000  # all files of a mail, before they are encoded: 25 MB on the wire
# What a complete mail may have, in bytes. Gmail: 25 MB (support.google.com/mail/answer/6584), the same as most servers say at
# SIZE. Graph: 4 MB a request (learn.microsoft.com/graph/api/user-sendmail), and the request is the mail once more in base64.
MOST_ON_WIRE = {Kind.SMTP: 25_000_000, Kind.GMAIL: 25_000_000, Kind.OUTLOOK: 3_000_000}
# From here on mails are slow to load and easily taken for spam.
HEAVY = 2_000_000
HEAD = 500  # bytes of a part's headers and boundary, at most


def on_wire(size: int) -> int:
    """A file's bytes within a mail, at most."""
    return (size + 2) // 3 * 4 + size // 57 * 2 + HEAD


def mail_size(html: str, text: str, files: Iterable[int]) -> int:
    """A mail of these templates with files of these sizes, in bytes; its fields, which differ, are not counted."""
    return len(html.encode()) + len(text.encode()) + sum(map(on_wire, files))


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(size, 1) / 1000:.0f} KB"
