"""Signed links: which message of which lead in which organisation, and for a click, where it leads.

A token is one kind byte, three varints (organisation, message, lead) and 10 bytes of keyed BLAKE2b (RFC 7693) over them,
in base64url without padding: some 24 characters. A click's signature covers its target too, so the redirect needs no
database and leads nowhere that we did not write. Making one costs a microsecond or two, and each mail needs several: what
they have in common (`mark_bytes`) can be made once.
"""

import hmac
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from dataclasses import dataclass
from hashlib import blake2b

from django.conf import settings

PREFIX = "/t/"
SIGNATURE_BYTES = 10
MAX_TOKEN = 80  # characters; three 64-bit varints and the rest need 55
MAX_TARGET = 8000  # characters, before encoding

OPEN, CLICK, UNSUBSCRIBE = b"o", b"c", b"u"
_key = blake2b(settings.TRACKING_KEY, digest_size=32, person=b"ecrm-tracking").digest()
_keyed = blake2b(key=_key, digest_size=SIGNATURE_BYTES)  # copied for each signature
URL_SAFE = bytes.maketrans(b"+/", b"-_")


class BadToken(Exception):
    """A token that we did not make, or that somebody changed."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Whom a link belongs to: primary keys. A test mail's mark has message and lead 0, and nothing is counted for it."""

    organisation: int
    message: int
    lead: int


def varint(number: int) -> bytes:
    """Unsigned LEB128."""
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at` and where it ends; raises BadToken where it is cut off, or too large for a key."""
    number = shift = 0
    while at < len(data) and shift <= 63:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            if number >= 1 << 63 or (byte == 0 and shift):
                break  # no primary key is that large, and each number has one spelling
            return number, at
        shift += 7
    raise BadToken


def signature(kind: bytes, body: bytes, target: bytes = b"") -> bytes:
    state = _keyed.copy()
    state.update(kind + body + target)
    return state.digest()


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return b2a_base64(data, newline=False).translate(URL_SAFE, b"=").decode()


def decode(text: str) -> bytes:
    """Strict base64url without padding; raises BadToken for any other spelling."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError as error:  # includes UnicodeEncodeError and binascii.Error
        raise BadToken from error
    if encode(data) != text:
        raise BadToken
    return data


def mark_bytes(mark: Mark) -> bytes:
    """What all tokens of one mail begin with."""
    return varint(mark.organisation) + varint(mark.message) + varint(mark.lead)


def make_token(kind: bytes, mark: Mark, target: bytes = b"") -> str:
    return seal(kind, mark_bytes(mark), target)


def seal(kind: bytes, body: bytes, target: bytes = b"") -> str:
    """The token of a mark that stands in `body` (`mark_bytes`)."""
    return encode(body + signature(kind, body, target))


def read_token(kind: bytes, token: str, target: bytes = b"") -> Mark:
    """The mark of a token of ours; raises BadToken for everything else."""
    if len(token) > MAX_TOKEN:
        raise BadToken
    data = decode(token)
    body, given = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    if not hmac.compare_digest(given, signature(kind, body, target)):
        raise BadToken
    organisation, at = read_varint(body, 0)
    message, at = read_varint(body, at)
    lead, at = read_varint(body, at)
    if at != len(body):
        raise BadToken
    return Mark(organisation, message, lead)


def pixel_url(mark: Mark) -> str:
    return pixel_at(make_token(OPEN, mark))


def pixel_at(token: str) -> str:
    return f"{settings.PUBLIC_URL}/t/o/{token}.gif"


def click_url(mark: Mark, target: str) -> str:
    """The tracked form of `target`, an absolute http or https URL as it is meant (entities decoded)."""
    data = target.encode()
    return click_at(make_token(CLICK, mark, data), data)


def click_at(token: str, target: bytes) -> str:
    return f"{settings.PUBLIC_URL}/t/c/{token}/{encode(target)}"


def unsubscribe_url(mark: Mark) -> str:
    """The visible link and the List-Unsubscribe header alike: GET shows a page, POST unsubscribes (RFC 8058)."""
    return unsubscribe_at(make_token(UNSUBSCRIBE, mark))


def unsubscribe_at(token: str) -> str:
    return f"{settings.PUBLIC_URL}/t/u/{token}"


def read_click(token: str, encoded_target: str) -> tuple[Mark, str]:
    """The mark and target of a click's path; raises BadToken."""
    if len(encoded_target) > MAX_TARGET * 2:
        raise BadToken
    data = decode(encoded_target)
    mark = read_token(CLICK, token, data)
    try:
        target = data.decode()
    except UnicodeDecodeError as error:
        raise BadToken from error
    if not target.lower().startswith(("http://", "https://")):
        raise BadToken
    return mark, target
