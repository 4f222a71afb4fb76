"""Email addresses: read as people write them, validated by email-validator, compared by one normal form."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

# An address has 254 at most (RFC 5321 4.5.3.1.3); the rest is room for a name. Longer text is not even looked at.
MOST_CHARS = 1000
LONGEST_ADDRESS = 254
# Linear: what stands between the brackets holds neither of them, and the blanks behind are read once.
IN_BRACKETS = re.compile(r"<([^<>]+)>\s*+$")
# Most addresses: letters, digits and a few signs, which the library takes as they are. Linear, since each sign can belong to
# one part only; not possessive, which Python before 3.11.5 gets wrong for groups (CPython's gh-106052).
PLAIN = re.compile(r"([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@((?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+([A-Za-z]+))")
LONGEST_LABEL = 63
LONGEST_LOCAL = 64
# Under these the library has more to say, and it writes these mailboxes in lower case.
SPECIAL = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)
MAILBOXES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
AROUND = " \t\r\n\f\v\u00a0\u200b\ufeff'\"; ,"


class BadAddress(ValueError):
    """Not an address; its text says why. `kind` says it without the address, alike for all that are wrong in the same way."""

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind or text


class Address(NamedTuple):
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
    if address := plain_address(text):
        return address
    if len(text) > MOST_CHARS:
        raise BadAddress("The address is too long.")
    text = unwrapped(text)
    if not text:
        raise BadAddress("The address is empty.")
    if len(text) > LONGEST_ADDRESS:
        raise BadAddress("The address is too long.")
    return checked(text)


def plain_address(text: str) -> Address | None:
    """The address where it is one of the plainest form, by a fiftieth of the library's work; else None."""
    found = PLAIN.fullmatch(text)
    if found is None:
        return None
    local, domain, top = found.groups()
    key, domain = text.lower(), domain.lower()
    if len(local) > LONGEST_LOCAL or len(domain) > LONGEST_LABEL or top.lower() in SPECIAL:
        return None
    if key[: len(local)] in MAILBOXES:
        return None
    return Address(f"{local}@{domain}", key)


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
        raise BadAddress(f"{text[:80]} is not an email address: {error}", f"No email address: {error}") from error
    # Lower case may be another composition of the same letters than the one that was checked.
    key = unicodedata.normalize("NFC", f"{found.local_part}@{found.ascii_domain}".lower())
    return Address(found.normalized, key)
