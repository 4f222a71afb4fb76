"""The vault: what is sealed opens for its own row alone, under a key that is configured (promises p02, p10)."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from senders.vault import KEY_BYTES, Secret, VaultError, key_id, seal, unseal

OLD, NEW = bytes(range(KEY_BYTES)), bytes(range(1, KEY_BYTES + 1))
ROW = "senders.sender:7:secret"


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]


@pytest.mark.parametrize("text", ["hunter2", "", " spaces ", "pässwörd ✓", "x" * 5000])
def test_what_is_sealed_opens(text: str) -> None:
    assert unseal(seal(text, ROW), ROW).reveal() == text


def test_the_text_is_not_in_the_ciphertext_and_no_two_are_alike() -> None:
    first, second = seal("hunter2hunter2", ROW), seal("hunter2hunter2", ROW)
    assert b"hunter2" not in first
    assert first != second


def test_a_ciphertext_copied_to_another_row_does_not_open() -> None:
    with pytest.raises(VaultError, match="another row"):
        unseal(seal("hunter2", ROW), "senders.sender:8:secret")


def test_a_changed_byte_anywhere_is_noticed() -> None:
    sealed = seal("hunter2", ROW)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(VaultError):
            unseal(bytes(changed), ROW)


@pytest.mark.parametrize("length", [0, 3, 4, 15, 16, 20])
def test_a_ciphertext_that_was_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(VaultError):
        unseal(seal("hunter2", ROW)[:length], ROW)


def test_the_first_key_seals_and_every_key_opens(settings: Any) -> None:
    before = seal("hunter2", ROW)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    after = seal("hunter2", ROW)
    assert before.startswith(key_id(OLD))
    assert after.startswith(key_id(NEW))
    assert unseal(before, ROW) == unseal(after, ROW) == Secret("hunter2")


def test_a_key_that_is_gone_is_named_as_the_reason(settings: Any) -> None:
    sealed = seal("hunter2", ROW)
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(VaultError, match="ECRM_ENCRYPTION_KEYS"):
        unseal(sealed, ROW)


def test_a_secret_never_prints() -> None:
    secret = Secret("hunter2")
    assert {repr(secret), str(secret), f"{secret}", f"{secret:>9}", "%s" % secret, f"{[secret]}"} == {"***", "[***]"}  # noqa: UP031


@pytest.mark.parametrize("passed_on", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars])
def test_a_secret_is_not_passed_on(passed_on: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        passed_on(Secret("hunter2"))


def test_no_error_repeats_what_was_sealed() -> None:
    with pytest.raises(VaultError) as caught:
        unseal(seal("hunter2", ROW), "other")
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
