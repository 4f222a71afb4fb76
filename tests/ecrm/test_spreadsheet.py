"""CSV that a spreadsheet opens without running it."""

from datetime import UTC, datetime

import pytest

from ecrm.spreadsheet import cell, csv_response, plain


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-1", "@SUM(A1)", "\tx", "\r=x"])
def test_a_formula_becomes_text_and_comes_back(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert plain(cell(text)) == text


@pytest.mark.parametrize("text", ["", "Anna", "'s Gravenhage", "a=b"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert cell(text) == plain(text) == text


def test_times_are_iso_8601_in_utc() -> None:
    assert cell(datetime(2026, 3, 4, 10, 22, tzinfo=UTC)) == "2026-03-04T10:22:00Z"


def test_a_download_is_quoted_where_it_must_be() -> None:
    response = csv_response([("a", "b"), ('x "y", z', 1)], "some.csv")
    assert response.getvalue().decode("utf-8-sig") == 'a,b\r\n"x ""y"", z",1\r\n'
    assert response["Content-Disposition"] == 'attachment; filename="some.csv"'


def test_a_download_begins_with_a_byte_order_mark_so_that_excel_reads_its_letters() -> None:
    assert csv_response([("Łucja",)], "some.csv").getvalue() == b"\xef\xbb\xbf\xc5\x81ucja\r\n"


def test_a_program_gets_it_without() -> None:
    assert csv_response([("Łucja",)], "some.csv", mark=False).getvalue() == b"\xc5\x81ucja\r\n"
