"""Bytes become rows, whatever the bytes."""

import codecs
import io
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.importing import read
from leads.importing.read import CLOSED_LATE, NEVER_CLOSED, TOO_LONG, Dialect, Row, Unreadable, is_blank, rows

UTF8 = Dialect("utf-8-sig", ",")


def read_all(content: bytes, dialect: Dialect = UTF8) -> list[Row]:
    return list(rows(io.BytesIO(content), dialect))


def seen(content: bytes) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in read_all(content)]


def test_a_row_knows_the_line_it_begins_on() -> None:
    content = b'a,b\r\n"one\r\ntwo\r\nthree",x\r\n\r\nlast,y'
    assert seen(content) == [(1, ["a", "b"]), (2, ["one\r\ntwo\r\nthree", "x"]), (6, ["last", "y"])]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_every_ending_of_a_line_is_one(ending: bytes) -> None:
    assert seen(ending.join([b"a", b"b", b"", b"c"])) == [(1, ["a"]), (2, ["b"]), (4, ["c"])]


def test_blank_rows_are_left_out() -> None:
    assert seen(b"\n  \n,,\na,\n") == [(4, ["a", ""])]


def test_quotes_are_doubled_inside_quotes_and_plain_elsewhere() -> None:
    assert seen(b'"Acme ""Labs""",=F("x")\n') == [(1, ['Acme "Labs"', '=F("x")'])]


def test_a_quote_that_never_closes_costs_its_own_line_only() -> None:
    found = read_all(b'a,"open\nb,2\nc,3\n')
    assert [(row.line, row.cells, row.broken) for row in found] == [
        (1, ["a", '"open'], NEVER_CLOSED),
        (2, ["b", "2"], ""),
        (3, ["c", "3"], ""),
    ]


def test_a_quote_that_runs_away_in_a_long_file_costs_its_own_line_only() -> None:
    content = b'a,"open\n' + b"b,2\n" * 5000
    found = read_all(content)
    assert found[0].broken == NEVER_CLOSED
    assert [row.line for row in found] == list(range(1, 5002))


def test_a_line_beyond_all_measure_is_named_and_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MOST_CHARS", 5000)
    found = read_all(b"a,1\n" + b"x" * 20_000 + b"\nb,2\n")
    assert [(row.line, row.broken) for row in found] == [(1, ""), (2, TOO_LONG), (3, "")]
    assert len(found[1].cells[0]) == 1000


def test_a_long_line_inside_a_quote_is_read_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MOST_CHARS", 5000)
    found = read_all(b'a,"open\n' + b"x" * 20_000 + b"\nb,2\n")
    assert [(row.line, row.broken) for row in found] == [(1, NEVER_CLOSED), (2, TOO_LONG), (3, "")]


def test_quotes_that_run_away_again_and_again_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MOST_REREAD", 10_000)
    with pytest.raises(Unreadable, match="Quotes open and never close"):
        read_all(b'a"b,"c\n' * 5000)


def test_utf_16_is_read() -> None:
    content = "é,ü\nañ,Ł\n".encode("utf-16")
    assert [row.cells for row in read_all(content, Dialect("utf-16", ","))] == [["é", "ü"], ["añ", "Ł"]]


def test_a_wrong_encoding_is_said_to_be_one() -> None:
    with pytest.raises(Unreadable, match="not written in this encoding"):
        read_all(b"email\na@b.example\n", Dialect("utf-16", ","))


@settings(max_examples=300, deadline=None)
@given(
    content=st.binary(max_size=400) | st.text(alphabet='a,;"\n\r\0é', max_size=200).map(str.encode),
    encoding=st.sampled_from(["utf-8-sig", "utf-16", "cp1252", "cp932", "gb18030"]),
    separator=st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_bytes_are_rows_in_order_that_lose_no_line(content: bytes, encoding: str, separator: str) -> None:
    if encoding == "utf-16":
        content = codecs.BOM_UTF16_LE + content
    found = read_all(content, Dialect(encoding, separator))
    lines = [row.line for row in found]
    assert lines == sorted(set(lines))
    assert not any(is_blank(row.cells) for row in found if not row.broken)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='abc@,;"\n\r\t\0 é', max_size=300), st.integers(1, 50))
def test_every_letter_of_a_file_is_in_a_cell_and_in_its_place(text: str, block: int) -> None:
    """However it is cut into blocks."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(read, "BLOCK_CHARS", block)
        found = read_all(text.encode())
    kept = "".join(cell for row in found for cell in row.cells)
    assert re.findall(r"[^\s,\"]", kept) == re.findall(r"[^\s,\"]", text)
    assert found == read_all(text.encode())


def test_quotes_that_close_each_other_in_other_rows_cost_their_own_lines_only() -> None:
    content = b'email,name\nb@x.example,"open\nc@x.example,C\nd@x.example,"D\ne@x.example,E\n'
    found = read_all(content, Dialect("utf-8", ",", 1, columns=2))
    assert [(row.line, row.cells, row.broken) for row in found[1:]] == [
        (2, ["b@x.example", '"open'], CLOSED_LATE),
        (3, ["c@x.example", "C"], ""),
        (4, ["d@x.example", '"D'], NEVER_CLOSED),
        (5, ["e@x.example", "E"], ""),
    ]


def test_a_cell_may_hold_addresses_and_several_lines() -> None:
    content = b'email,notes,city\na@x.example,"Ask b@x.example,\nor c@x.example, both",Bonn\n'
    [_, row] = read_all(content, Dialect("utf-8", ",", 1, columns=3))
    assert (row.cells[1], row.broken) == ("Ask b@x.example,\nor c@x.example, both", "")


def test_plain_csv_is_read_fast() -> None:
    """Hundreds of thousands of rows a second where nothing else runs; the bound leaves room for a slow machine."""
    content = b"person@company.example,First,Last,Company Inc.,Head of Sales,+49 170 1\n" * 100_000
    begun = time.process_time()
    assert sum(1 for _ in rows(io.BytesIO(content), UTF8)) == 100_000
    assert time.process_time() - begun < 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.text(alphabet='ab ,"\n;é', min_size=1).map(lambda text: text + "x"), min_size=1), min_size=1)
)
def test_what_was_written_as_csv_is_read_back(table: list[list[str]]) -> None:
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table]
    assert [row.cells for row in read_all("\n".join(lines).encode())] == table
