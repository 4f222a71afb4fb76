"""Email addresses: read as people write them, validated by email-validator, compared by one normal form."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

# An address has 254 at most (RFC 5321 4.5.3.1.3); the rest is room for a name. Longer text is not even looked at.
MOST_CHARS = 1000
LONGEST_ADDRESS = 254
# Linear: what stands between the brackets holds neither of them, and the blanks behind are read once.
IN_BRACKETS = re.compile(r"<([^<>]+)>\s*+$")
AROUND = " \t\r\n\f\v\u00a0\u200b\ufeff'\"; ,"


class BadAddress(ValueError):
    """Not an address; its text says why."""


@dataclass(frozen=True)
class Address:
    """`email` as it is written to; `key` in lower case with an ASCII domain, what duplicates are found by.

    Either of them, read again, is this same address.
    """

    email: str
    key: str


def normalise_email(text: str) -> Address:
    """Read `Name <a@b.example>`, ` mailto:a@b.example ` or a bare address (RFC 5321, 6531; no DNS is asked).

    Raises BadAddress with a sentence for the person who wrote it.
    """
    text = text.strip()
    if len(text) > MOST_CHARS:
        raise BadAddress("The address is too long.")
    text = unwrapped(text)
    if not text:
        raise BadAddress("The address is empty.")
    if len(text) > LONGEST_ADDRESS:
        raise BadAddress("The address is too long.")
    return checked(text)


def unwrapped(text: str) -> str:
    """The address without the name, quotes and scheme that people put round it, as often as they did."""
    while True:
        before = text
        text = text.strip().strip(AROUND)
        if found := IN_BRACKETS.search(text):
            text = found[1]
        if text[:7].lower() == "mailto:":
            text = text[7:].partition("?")[0]
        if text == before:
            return text


@lru_cache(maxsize=4096)
def checked(text: str) -> Address:
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise BadAddress(f"{text[:80]} is not an email address: {error}") from error
    # Lower case may be another composition of the same letters than the one that was checked.
    key = unicodedata.normalize("NFC", f"{found.local_part}@{found.ascii_domain}".lower())
    return Address(found.normalized, key)
