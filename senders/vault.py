"""The one place that encrypts and decrypts credentials: AES-256-GCM, bound to the row they belong to (promises p02, p10).

A ciphertext is: 4 bytes key id, 12 bytes random nonce, the sealed text with its tag (NIST SP 800-38D). The row's name is
associated data, so a ciphertext copied to another row does not open. Keys come from the environment
(`ECRM_ENCRYPTION_KEYS`, several): the first seals, each opens what bears its id.
"""

import hashlib
import secrets
from typing import Never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY_BYTES = 32
ID_BYTES = 4
NONCE_BYTES = 12


class VaultError(Exception):
    """A ciphertext that does not open: another row's, damaged, or sealed with a key that is not configured any more."""


class Secret:
    """A decrypted secret: prints as `***`, cannot be pickled, and gives its text only when asked by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Never:
        raise TypeError("A secret is not passed on.")


def key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"ecrm-vault-key:" + key).digest()[:ID_BYTES]


def seal(secret: str, row: str) -> bytes:
    """Encrypt under the first key for the row named `row` (for example `senders.sender:7:secret`)."""
    key = settings.ENCRYPTION_KEYS[0]
    nonce = secrets.token_bytes(NONCE_BYTES)
    return key_id(key) + nonce + AESGCM(key).encrypt(nonce, secret.encode(), row.encode())


def unseal(ciphertext: bytes, row: str) -> Secret:
    """Decrypt what `seal` made for the same row; raises VaultError."""
    data = bytes(ciphertext)
    wanted, nonce, sealed = data[:ID_BYTES], data[ID_BYTES : ID_BYTES + NONCE_BYTES], data[ID_BYTES + NONCE_BYTES :]
    for key in settings.ENCRYPTION_KEYS:
        if key_id(key) == wanted:
            try:
                return Secret(AESGCM(key).decrypt(nonce, sealed, row.encode()).decode())
            except (InvalidTag, ValueError) as error:
                raise VaultError(
                    f"The secret of {row} does not open: it was changed, or belongs to another row."
                ) from error
    raise VaultError(f"The secret of {row} was sealed with a key that ECRM_ENCRYPTION_KEYS does not hold.")
