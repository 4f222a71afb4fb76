"""Caught mails: one `.eml` file each, as it came, under its envelope; a file's name is its time, so names sort by age."""

import html
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import EmailPolicy
from itertools import islice
from pathlib import Path
from typing import Any, cast

from django.utils.safestring import SafeString, mark_safe

NAME = re.compile(r"\d{20}-[0-9a-f]{8}")
HEAD_BYTES = 16 << 10
SOURCE_CHARS = 200_000
HEADERS_SHOWN = 100
# Characters of a header's value that are shown; the time that Python's parser takes grows with the square of them.
LONGEST_HEADER = 2000
LINK = re.compile(r"https?://[^\s<>\"]+")
# A sentence's punctuation is not part of the link that ends it.
TRAILING = ".,;:!?)]'"


class ShortHeaders(EmailPolicy):
    """As `email.policy.default`, but nothing is read of what comes after a header's first LONGEST_HEADER characters."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value[:LONGEST_HEADER])
        except RecursionError:  # comments in comments in comments
            return super().header_fetch_parse(name, "")


READING = cast("EmailPolicy[EmailMessage]", ShortHeaders())


@dataclass(frozen=True)
class Summary:
    name: str
    received_at: datetime
    envelope_from: str
    envelope_to: str
    sender: str
    subject: str


@dataclass(frozen=True)
class Mail:
    summary: Summary
    headers: list[tuple[str, str]]
    text: str | None
    html: str | None
    source: str


def store(folder: Path, envelope_from: str, recipients: list[str], data: bytes) -> str:
    """Keep a mail; whoever lists the folder sees it whole or not at all. Returns its name."""
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    head = f"X-Envelope-From: {envelope_from}\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
    draft = folder / f"{name}.tmp"
    draft.write_bytes(head.encode("utf-8", "surrogateescape") + data)
    draft.rename(folder / f"{name}.eml")
    return name


def names(folder: Path) -> list[str]:
    """All mails' names, newest first."""
    if not folder.is_dir():
        return []
    return sorted((path.stem for path in folder.glob("*.eml") if NAME.fullmatch(path.stem)), reverse=True)


def matching(folder: Path, recipient: str) -> list[str]:
    """The names of the mails that went to an address which contains `recipient`; all of them where it is empty."""
    wanted = recipient.strip().casefold()
    if not wanted:
        return names(folder)
    return [name for name in names(folder) if wanted in envelope_to(folder, name).casefold()]


def envelope_to(folder: Path, name: str) -> str:
    """Read from the file's second line alone: the filter looks at every mail."""
    try:
        with (folder / f"{name}.eml").open("rb") as file:
            file.readline()
            return file.readline().partition(b":")[2].decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def summaries(folder: Path, chosen: list[str]) -> Iterator[Summary]:
    """What a list shows of each; one that was deleted meanwhile is left out."""
    for name in chosen:
        try:
            with (folder / f"{name}.eml").open("rb") as file:
                head = file.read(HEAD_BYTES)
        except FileNotFoundError:
            continue
        yield summary_of(name, BytesHeaderParser(policy=READING).parsebytes(head))


def summary_of(name: str, message: EmailMessage) -> Summary:
    return Summary(
        name,
        datetime.fromtimestamp(int(name[:20]) / 1e9, UTC),
        header(message, "X-Envelope-From"),
        header(message, "X-Envelope-To"),
        people(message, "From"),
        header(message, "Subject"),
    )


def header(message: EmailMessage, name: str) -> str:
    """A header's text. Python's parser gives up on some malformed ones: an empty text then; the source shows them."""
    try:
        return str(message.get(name, ""))
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""


def people(message: EmailMessage, name: str) -> str:
    """An address header as a mail program shows it: names without the quotes and escapes of RFC 5322."""
    try:
        found = getattr(message.get(name), "addresses", ())
        shown = [f"{one.display_name} <{one.addr_spec}>" if one.display_name else one.addr_spec for one in found]
    except (ValueError, LookupError, AttributeError, TypeError):
        shown = []
    return ", ".join(shown) or header(message, name)


def load(folder: Path, name: str) -> Mail | None:
    """One mail; None where there is none of that name."""
    if not NAME.fullmatch(name):
        return None
    try:
        data = (folder / f"{name}.eml").read_bytes()
    except FileNotFoundError:
        return None
    message = BytesParser(policy=READING).parsebytes(data)
    shown = [(key, header_text(key, str(raw))) for key, raw in islice(message.raw_items(), HEADERS_SHOWN)]
    source = data[:SOURCE_CHARS].decode("utf-8", "replace")
    return Mail(summary_of(name, message), shown, body(message, "plain"), body(message, "html"), source)


def header_text(name: str, raw: str) -> str:
    """A header's value decoded, or as it came where Python's parser gives up on it."""
    try:
        return str(READING.header_fetch_parse(name, raw))
    except (ValueError, LookupError, AttributeError, TypeError):
        return raw[:LONGEST_HEADER]


def body(message: EmailMessage, kind: str) -> str | None:
    """The plain or HTML part's text; None where the mail has none."""
    part = message.get_body((kind,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(payload)


def linked(text: str) -> SafeString:
    """Escaped text whose addresses are links that open in a new tab, to exactly the URL that was written."""
    parts, end = [], 0
    for match in LINK.finditer(text):
        url = match[0].rstrip(TRAILING)
        escaped = html.escape(url)
        parts.append(html.escape(text[end : match.start()]))
        parts.append(f'<a href="{escaped}" target="_blank" rel="noopener noreferrer">{escaped}</a>')
        end = match.start() + len(url)
    return mark_safe("".join([*parts, html.escape(text[end:])]))  # noqa: S308  (each piece is escaped above)


def delete_all(folder: Path) -> int:
    """Delete every mail; how many there were."""
    found = names(folder)
    for name in found:
        (folder / f"{name}.eml").unlink(missing_ok=True)
    return len(found)
