"""One normal form: however an address is written, it is read once, in bounded time, and reading it again changes nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from leads.addresses import BadAddress, checked, normalise_email, plain_address

HUGE = 100_000
HOSTILE = [
    "<" + " " * HUGE + "x",
    "<" * HUGE,
    "<a>" * HUGE,
    "<a> " * HUGE + "x",
    "'" * HUGE + "a@b.example",
    "mailto:" * HUGE,
    "a@" * HUGE,
    # As long as what is looked at may be.
    "<" + " " * 998 + "x",
    "<" * 1000,
    " '" * 499 + "x",
    "mailto:'" * 124,
]


@pytest.mark.parametrize(
    ("written", "email"),
    [
        ("grace@navy.example", "grace@navy.example"),
        (" Grace Hopper <Grace@Navy.example>; ", "Grace@navy.example"),
        ("mailto:grace@navy.example?subject=Hello", "grace@navy.example"),
        ("mailto:'grace@navy.example'", "grace@navy.example"),
        ("'mailto:\"grace@navy.example\"'", "grace@navy.example"),
        ("<mailto:grace@navy.example>", "grace@navy.example"),
        ("\u200b\ufeff grace@navy.example\u200b", "grace@navy.example"),
        ("o'brien@navy.example", "o'brien@navy.example"),
    ],
)
def test_what_stands_around_an_address_is_taken_off(written: str, email: str) -> None:
    assert normalise_email(written).email == email


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(BadAddress):
        normalise_email(text)
    assert time.process_time() - begun < 0.1


AROUND = some.text(alphabet="<>'\"; ,\u200bmailto:?", max_size=12)
LOCAL = some.text(alphabet="aZéß'İſ.+", min_size=1, max_size=5) | some.text(min_size=1, max_size=4)
DOMAIN = some.sampled_from(["x.example", "Bücher.example", "XN--BCHER-KVA.example", "straße.de"])


@given(AROUND, LOCAL, DOMAIN, AROUND)
def test_reading_an_address_again_changes_nothing(before: str, local: str, domain: str, behind: str) -> None:
    try:
        found = normalise_email(f"{before}{local}@{domain}{behind}")
    except BadAddress:
        return
    assert normalise_email(found.email) == found
    assert normalise_email(found.key).key == found.key


PLAIN = some.text(alphabet="aZ09_+-.", max_size=70)
NAMES = some.sampled_from(["Postmaster", "INFO", "abuse", "a.b", "x" * 64, "x" * 65])
HOSTS = some.sampled_from(
    ["b.example", "B-1.Example", "localhost", "x.test", "a.local", "1.2.3.4", "xn--bcher-kva.example"]
)


@given(PLAIN | NAMES, some.text(alphabet="aZ09-.", max_size=70) | HOSTS)
def test_what_is_taken_without_the_library_is_what_it_would_say(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    found = plain_address(text)
    assert found is None or found == checked(text)


def test_common_addresses_need_no_library() -> None:
    for text in ("anna@b.example", "Anna.van-der_Berg+x@mail.b-1.co.uk", "a1@1a.com"):
        assert plain_address(text) == checked(text)
