"""Email addresses: read as people write them, validated by email-validator, compared by one normal form."""

import re
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

IN_BRACKETS = re.compile(r"<\s*([^<>]+?)\s*>\s*$")


class BadAddress(ValueError):
    """Not an address; its text says why."""


@dataclass(frozen=True)
class Address:
    """`email` as it is written to; `key` in lower case with an ASCII domain, what duplicates are found by."""

    email: str
    key: str


def normalise_email(text: str) -> Address:
    """Read `Name <a@b.example>`, ` mailto:a@b.example ` or a bare address (RFC 5321, 6531; no DNS is asked).

    Raises BadAddress with a sentence for the person who wrote it.
    """
    text = text.strip().strip("\u200b\ufeff")
    if found := IN_BRACKETS.search(text):
        text = found[1]
    text = text.strip("'\"; ,")
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    if not text:
        raise BadAddress("The address is empty.")
    if len(text) > 254:
        raise BadAddress("The address is too long.")
    return checked(text.strip())


@lru_cache(maxsize=4096)
def checked(text: str) -> Address:
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise BadAddress(f"{text[:80]} is not an email address: {error}") from error
    key = f"{found.local_part}@{found.ascii_domain}".lower()
    return Address(found.normalized, key)
