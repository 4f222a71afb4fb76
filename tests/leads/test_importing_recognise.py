"""What a file is, told from its bytes."""

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.importing.encoding import encoding_of
from leads.importing.read import Unreadable
from leads.importing.recognise import Sheet, recognise

PEOPLE = "Vorname;Nachname;E-Mail\nJürgen;Groß;j@beispiel.example\nRenée;Lefèvre;r@beispiel.example\n"


def sheet_of(folder: Path, content: bytes, **options: str) -> Sheet:
    path = folder / "upload.csv"
    path.write_bytes(content)
    return recognise(path, **options)


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("latin-1", "cp1252"),
        ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, found: str) -> None:
    sheet = sheet_of(tmp_path, PEOPLE.encode(encoding))
    assert sheet.dialect.encoding == found
    assert sheet.header == ["Vorname", "Nachname", "E-Mail"]
    assert sheet.rows[0].cells == ["Jürgen", "Groß", "j@beispiel.example"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Имя;Фамилия;Почта\nИван;Петров;ivan@primer.example\n"),
        ("cp1250", "Imię;Nazwisko;E-mail\nŁukasz;Wiśniewski;lukasz@przyklad.example\n"),
        ("cp932", "姓,名,メール\n山田,太郎,taro@rei.example\n"),
        ("gb18030", "姓名,邮箱\n王伟,wei@lizi.example\n"),
    ],
)
def test_other_alphabets_are_found(tmp_path: Path, encoding: str, text: str) -> None:
    assert sheet_of(tmp_path, text.encode(encoding)).rows[0].cells[0] in text.split("\n")[1]


def test_a_letter_far_down_in_the_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "upload.csv"
    plain = b"email,name\n" + b"a@b.example,Anna\n" * 150_000
    path.write_bytes(plain + "j@b.example,Jürgen\n".encode("latin-1"))
    assert encoding_of(path) == "cp1252"
    path.write_bytes(plain + "j@b.example,Jürgen\n".encode())
    assert encoding_of(path) == "utf-8-sig"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    content = PEOPLE.replace(";", separator).encode()
    assert sheet_of(tmp_path, content).dialect.separator == separator


def test_excels_note_on_the_separator_is_no_header(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, f"sep=;\n{PEOPLE}".encode())
    assert (sheet.dialect.separator, sheet.dialect.header_line) == (";", 2)


def test_the_header_is_below_the_notes(tmp_path: Path) -> None:
    content = 'Notes:\n"Some, notes, of\nthree lines"\n\nFirst Name,Email Address\nAnna,a@b.example\n'
    sheet = sheet_of(tmp_path, content.encode())
    assert sheet.dialect.header_line == 5
    assert [row.cells for row in sheet.rows] == [["Anna", "a@b.example"]]


def test_without_a_header_the_first_person_is_not_lost(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, b"anna@b.example,Anna\nben@b.example,Ben\n")
    assert sheet.dialect.header_line == 0
    assert sheet.header == ["Column 1", "Column 2"]
    assert len(sheet.rows) == 2


def test_columns_can_be_told_apart(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, b"Email,,Email,Email (2),\na@b.example,1,2,3,4\n")
    assert sheet.header == ["Email", "Column 2", "Email (2)", "Email (2) (2)", "Column 5"]


def test_one_column_is_enough(tmp_path: Path) -> None:
    assert sheet_of(tmp_path, b"email\na@b.example\n").header == ["email"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n\n  \n", "empty"),
        (b"Email,Name\n", "no rows"),
        (bytes(range(256)) * 20, "not a text file"),
        (b"\0" * 5000, "not a text file"),
        (b",".join([b"x"] * 600) + b"\n" + b"a@b.example\n", "more than 500 columns"),
    ],
)
def test_what_is_no_table_is_said_to_be_something_else(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        sheet_of(tmp_path, content)


def test_one_may_know_better(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, PEOPLE.encode(), encoding="cp1252", separator=",")
    assert sheet.dialect.encoding == "cp1252"
    assert sheet.header == ["Vorname;Nachname;E-Mail"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=600) | st.text(alphabet='a@.,;\t|"\n\rñ', max_size=300).map(str.encode))
def test_any_bytes_are_a_table_or_a_clear_error(tmp_path: Path, content: bytes) -> None:
    try:
        sheet = sheet_of(tmp_path, content)
    except Unreadable as refused:
        words = str(refused)
    else:
        words = ""
        assert sheet.rows
        assert len(set(sheet.header)) == len(sheet.header)
    assert words == "" or words.endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n<" + b" " * 100_000 + b"x,Bob\n",
        b"<" * 100_000 + b",b\nx,y\n",
        b",".join(b"a%d@b" % number for number in range(100_000)) + b"\nx,y\n",
        b"a,a (2)," * 50_000 + b"\n1,2\n",
        b"a@b.c;" * 100_000 + b",b\nx,y\n",
        b'a,"' * 50_000 + b"\nx,y\n",
    ],
)
def test_no_file_takes_long(tmp_path: Path, content: bytes) -> None:
    begun = time.process_time()
    with contextlib.suppress(Unreadable):
        sheet_of(tmp_path, content)
    assert time.process_time() - begun < 2
