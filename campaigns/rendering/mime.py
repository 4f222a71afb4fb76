"""MIME, assembled by hand: what the standard library's EmailMessage does in a millisecond, for the one shape we send.

A mail is `text/plain`, or `multipart/alternative` of plain text and HTML (RFC 2046 5.1.4), the HTML with its images as
`multipart/related`, and all of it with attachments as `multipart/mixed`. It is in UTF-8, with CRLF line ends and no line over
998 bytes (RFC 5322 2.1.1). Tests read it back with the standard library's parser.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache

LINE_BREAKS = re.compile(r"\r\n|\r|\n")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONG_LINE = 900  # bytes from which a line is encoded: what passes it on may add to it
ASCII = bytes(range(128))
Chunks = tuple[bytes, ...]  # of a part with its headers, in order; the last one ends with a line break


def header_text(value: str) -> str:
    """A value that cannot start another header: line breaks and controls become spaces, and several of them one."""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip(" ")
    return " ".join(CONTROL.sub(" ", value).split())


def unstructured(name: str, value: str) -> str:
    """A header line with free text, encoded words where it is not ASCII (RFC 2047), folded where it is long."""
    value = header_text(value)
    if value.isascii() and len(name) + len(value) < 76 and "=?" not in value:
        return f"{name}: {value}"
    # A word that no line holds must be encoded, for only then can it be broken.
    foldable = value.isascii() and "=?" not in value and max(map(len, value.split()), default=0) < 60
    charset = "us-ascii" if foldable else "utf-8"
    encoded = Header(value, charset, maxlinelen=76, header_name=name).encode(linesep="\r\n")
    return f"{name}: {encoded}"


def ascii_domain(address: str) -> str:
    """The address with its domain as IDNA A-labels where its local part is ASCII; unchanged where it needs SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    if address.isascii() or not local.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def answer_lines(references: Sequence[str]) -> list[str]:
    """The headers of an answer to the last of these Message-IDs (RFC 5322 3.6.4), one id a line; none for none."""
    if not references:
        return []
    ids = [f"<{reference}>" for reference in references]
    return [f"In-Reply-To: {ids[-1]}", "References: " + "\r\n ".join(ids)]


def mailbox(header: str, name: str, address: str) -> str:
    """A header line with one mailbox. An address beyond ASCII stands in UTF-8 (RFC 6532), the name then too."""
    address = ascii_domain(header_text(address))
    name = header_text(name)
    if not address.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'{header}: "{quoted}" <{address}>' if name else f"{header}: {address}"
    value = formataddr((name, address))
    if len(header) + len(value) > 900:  # an absurd name would break the line length; the address matters
        value = formataddr((name[:100], address))
    return f"{header}: {value}"


def wire_lines(text: str) -> str:
    """`text` with CRLF line ends."""
    return LINE_BREAKS.sub("\r\n", text)


def body_part(content_type: str, text: str, *, short: bool = False) -> bytes:
    """A part with its headers, from text with CRLF line ends, in the smallest encoding that any server passes on
    unchanged. `short`: no line of it reaches LONG_LINE, which is then not looked for."""
    data = text.encode("utf-8", "replace")
    if not data.endswith(b"\r\n"):
        data += b"\r\n"  # also tells binascii which line ends to make
    if data.isascii() and (short or max(map(len, data.split(b"\n"))) < LONG_LINE):
        encoding, body = "7bit", data
    elif len(data[:2000].translate(None, ASCII)) * 4 > min(len(data), 2000):
        encoding, body = "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(data, istext=True)
    head = f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def assemble(
    headers: Iterable[str], plain: bytes, html: bytes, images: Sequence[Chunks] = (), attached: Sequence[Chunks] = ()
) -> bytes:
    """The complete mail from finished header lines and its parts (`body_part`); `html` empty: plain text alone. `images` are
    shown within the HTML (RFC 2387); all files come as finished parts.
    """
    head = "\r\n".join([*headers, "MIME-Version: 1.0", ""]).encode("utf-8")
    body: Chunks = (plain,)
    if html:
        shown = multipart(b'related; type="text/html"', [(html,), *images]) if images else (html,)
        body = multipart(b"alternative", [body, shown])
    if attached:
        body = multipart(b"mixed", [body, *attached])
    return b"".join((head, *body))


def multipart(kind: bytes, parts: Iterable[Chunks]) -> Chunks:
    """One part of several, with its header."""
    # "=_" cannot occur in quoted-printable or base64; the rest makes a clash in a 7bit part impossible in practice.
    boundary = f"=_{secrets.token_hex(16)}".encode()
    between = b"--%b\r\n" % boundary
    chunks = [b'Content-Type: multipart/%b; boundary="%b"\r\n\r\n' % (kind, boundary)]
    for part in parts:
        chunks.append(between)
        chunks.extend(part)
    return *chunks, b"--%b--\r\n" % boundary


@lru_cache(maxsize=8)
def date_line(second: int) -> str:
    """The Date header of a second since the epoch: hundreds of mails share one."""
    return f"Date: {format_datetime(datetime.fromtimestamp(second, UTC))}"
