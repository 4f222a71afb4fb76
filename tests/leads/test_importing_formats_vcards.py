"""vCards become rows, whatever program wrote them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.importing.formats.table import TooLarge
from leads.importing.formats.vcards import convert_vcards
from leads.importing.read import Dialect, Unreadable, rows


def read(folder: Path, content: bytes, most: int = 1 << 20) -> list[tuple[int, dict[str, str]]]:
    """Each card's line, and what is in its cells."""
    source, target = folder / "cards.vcf", folder / "table"
    source.write_bytes(content)
    convert_vcards(source, target, most)
    header, *cards = rows(target.open("rb"), Dialect("utf-8", "\x1f"))
    return [(card.line, dict(zip(header.cells, card.cells, strict=False))) for card in cards]


def card(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""]).encode()


def told(folder: Path, *lines: str) -> dict[str, str]:
    [(_, cells)] = read(folder, card(*lines))
    return cells


def test_each_card_has_the_line_below_its_beginning(tmp_path: Path) -> None:
    content = b"\r\n" + card("FN:Anna", "EMAIL:a@b.example") + b"\r\n" + card("FN:Ben", "NOTE:two\\nlines")
    assert read(tmp_path, content) == [
        (3, {"Full name": "Anna", "Email": "a@b.example"}),
        (9, {"Full name": "Ben", "Email": "", "Note": "two\nlines"}),
    ]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("N:van der Berg;Anna;;Dr.;", {"Last name": "van der Berg", "First name": "Anna"}),
        ("ORG:Acme\\, Inc.;Sales", {"Company": "Acme, Inc.", "Department": "Sales"}),
        ("home.TEL;TYPE=home:+1 555", {"Phone": "+1 555"}),
        ('TEL;TYPE="work,voice";VALUE=uri:tel:+1-555', {"Phone": "+1-555"}),
        ("email:mailto:a@b.example", {"Email": "a@b.example"}),
        ("URL:https://a.example:80/", {"Website": "https://a.example:80/"}),
        ("BDAY:19850412", {"Birthday": "1985-04-12"}),
        ("CATEGORIES:one,two", {"Categories": "one, two"}),
        (
            "ADR:;;1 Main St;Bonn;;53111;Germany",
            {"Street": "1 Main St", "City": "Bonn", "Postal code": "53111", "Country": "Germany"},
        ),
        ("NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:J=FCrgen=0D=0Agreets", {"Note": "Jürgen\ngreets"}),
        ("NOTE;QUOTED-PRINTABLE;CHARSET=none-such:a=3Db", {"Note": "a=b"}),
        ("TITLE:Head of\r\n  Sales\r\n\tEurope", {"Job title": "Head of SalesEurope"}),
    ],
)
def test_what_a_line_tells(tmp_path: Path, line: str, cells: dict[str, str]) -> None:
    assert told(tmp_path, line) == cells


def test_the_preferred_address_comes_first_and_the_same_one_once(tmp_path: Path) -> None:
    cells = told(tmp_path, "EMAIL:a@b.example", "EMAIL;TYPE=INTERNET,PREF:p@b.example", "EMAIL:a@b.example")
    assert cells == {"Email": "p@b.example", "Email 2": "a@b.example"}


def test_more_addresses_than_columns_share_the_last_one(tmp_path: Path) -> None:
    cells = told(tmp_path, *(f"EMAIL:p{number}@b.example" for number in range(12)))
    assert cells["Email 9"] == "p8@b.example"
    assert cells["Email 10"] == "p9@b.example; p10@b.example; p11@b.example"


def test_a_picture_is_passed_over(tmp_path: Path) -> None:
    photo = "\r\n ".join(["PHOTO;ENCODING=b;TYPE=JPEG:", *["/9j/4AAQSkZJRgABAQAAAQABAAD" * 3] * 2000])
    assert told(tmp_path, photo, "FN:Anna") == {"Full name": "Anna"}


def test_cards_without_anything_we_know_are_no_list(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read(tmp_path, card("X-WHATEVER:1"))


def test_more_than_an_upload_may_be_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        read(tmp_path, card("FN:" + "x" * 2000), most=1000)


LINES = st.sampled_from(
    [
        "BEGIN:VCARD",
        "END:VCARD",
        "FN:x",
        "EMAIL:a@b.example",
        "AGENT:",
        "N;QUOTED-PRINTABLE:=C3=",
        " fold",
        ":",
        '";:x',
        "N:;;;;",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES | st.text(max_size=20), max_size=20))
def test_whatever_the_lines_cards_come_in_order(tmp_path: Path, lines: list[str]) -> None:
    content = "\n".join(["BEGIN:VCARD", "FN:First", *lines]).encode("utf-8", "replace")
    found = [line for line, _ in read(tmp_path, content)]
    assert found == sorted(set(found))
    assert found[0] == 2
