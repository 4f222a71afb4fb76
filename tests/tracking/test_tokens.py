"""A token says whom a link belongs to, and no change to it goes unnoticed."""

import base64
import string
import time
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking import tokens
from tracking.tokens import (
    CLICK,
    OPEN,
    UNSUBSCRIBE,
    BadToken,
    Mark,
    click_url,
    make_token,
    pixel_url,
    read_click,
    read_token,
    unsubscribe_url,
)

KEYS = st.integers(0, (1 << 63) - 1)
MARKS = st.builds(Mark, KEYS, KEYS, KEYS)
KINDS = st.sampled_from([OPEN, CLICK, UNSUBSCRIBE])
ALPHABET = string.ascii_letters + string.digits + "-_"
TARGETS = st.text(max_size=200).map(lambda path: f"https://example.com/{path}").filter(lambda url: _encodable(url))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def click_parts(mark: Mark, target: str) -> tuple[str, str]:
    token, _, encoded = click_url(mark, target).partition("/t/c/")[2].partition("/")
    return token, encoded


@given(mark=MARKS, kind=KINDS)
def test_what_was_signed_comes_back(mark: Mark, kind: bytes) -> None:
    token = make_token(kind, mark)
    assert read_token(kind, token) == mark
    assert len(token) <= 52
    assert set(token) <= set(ALPHABET)


def test_an_ordinary_token_is_short() -> None:
    assert len(make_token(OPEN, Mark(1234, 5_000_000, 3_000_000))) <= 28


@given(mark=MARKS, kind=KINDS, data=st.data())
def test_any_changed_character_is_refused(mark: Mark, kind: bytes, data: Any) -> None:
    token = make_token(kind, mark)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda char: char != token[at]))
    with pytest.raises(BadToken):
        read_token(kind, token[:at] + other + token[at + 1 :])


@given(mark=MARKS, kind=KINDS, data=st.data())
def test_anything_cut_off_or_added_is_refused(mark: Mark, kind: bytes, data: Any) -> None:
    token = make_token(kind, mark)
    for changed in (
        token[: data.draw(st.integers(0, len(token) - 1))],
        token + data.draw(st.sampled_from(ALPHABET + "=. ")),
    ):
        with pytest.raises(BadToken):
            read_token(kind, changed)


@given(mark=MARKS, kind=KINDS, other=KINDS)
def test_one_kind_is_no_other(mark: Mark, kind: bytes, other: bytes) -> None:
    if kind != other:
        with pytest.raises(BadToken):
            read_token(other, make_token(kind, mark))


@given(text=st.text(max_size=100))
def test_nothing_made_up_is_a_token(text: str) -> None:
    for kind in (OPEN, CLICK, UNSUBSCRIBE):
        with pytest.raises(BadToken):
            read_token(kind, text)


@given(data=st.binary(min_size=10, max_size=60))
def test_nor_are_made_up_bytes(data: bytes) -> None:
    with pytest.raises(BadToken):
        read_token(OPEN, base64.urlsafe_b64encode(data).rstrip(b"=").decode())


@given(mark=MARKS)
def test_a_number_has_one_spelling(mark: Mark) -> None:
    """A valid signature over an overlong varint is refused too: one mark, one token."""
    body = tokens.varint(mark.organisation)
    padded = body[:-1] + bytes([body[-1] | 128, 0])
    rest = tokens.varint(mark.message) + tokens.varint(mark.lead)
    forged = padded + rest
    with pytest.raises(BadToken):
        read_token(OPEN, tokens.encode(forged + tokens.signature(OPEN, forged)))


def test_another_key_is_another_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    token = make_token(OPEN, Mark(1, 2, 3))
    monkeypatch.setattr(tokens, "_keyed", blake2b(key=b"x" * 32, digest_size=tokens.SIGNATURE_BYTES))
    with pytest.raises(BadToken):
        read_token(OPEN, token)


@given(mark=MARKS, target=TARGETS)
def test_a_click_carries_its_target(mark: Mark, target: str) -> None:
    assert read_click(*click_parts(mark, target)) == (mark, target)


@given(mark=MARKS, target=TARGETS, other=TARGETS)
def test_a_click_leads_nowhere_else(mark: Mark, target: str, other: str) -> None:
    token, _ = click_parts(mark, target)
    _, foreign = click_parts(mark, other)
    if target != other:
        with pytest.raises(BadToken):
            read_click(token, foreign)


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "ftp://example.com/", "//example.com", "", "data:text/html,x"]
)
def test_even_a_signed_target_must_be_a_web_address(target: str) -> None:
    token, encoded = click_parts(Mark(1, 2, 3), target)
    with pytest.raises(BadToken):
        read_click(token, encoded)


def test_an_absurdly_long_token_is_refused_at_once() -> None:
    started = time.perf_counter()
    for text in ("A" * 10_000_000, "é" * 1_000_000):
        with pytest.raises(BadToken):
            read_token(OPEN, text)
        with pytest.raises(BadToken):
            read_click("A", text)
    assert time.perf_counter() - started < 1


def test_urls_stand_under_the_public_address(settings: Any) -> None:
    settings.PUBLIC_URL = "https://mail.example"
    mark = Mark(1, 2, 3)
    assert pixel_url(mark).startswith("https://mail.example/t/o/")
    assert pixel_url(mark).endswith(".gif")
    assert click_url(mark, "https://example.com").startswith("https://mail.example/t/c/")
    assert unsubscribe_url(mark).startswith("https://mail.example/t/u/")
