"""Workbooks become rows: cells as a CSV file would hold them, each row with the number it has in its sheet."""

import contextlib
import datetime
import io
import subprocess
import sys
import zipfile
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from leads.importing.formats import sheets
from leads.importing.formats.workbooks import convert_workbook
from leads.importing.read import Dialect, Row, Unreadable, rows
from leads.importing.receive import receive
from leads.importing.recognise import recognise_sheet
from leads.importing.uploads import path_of

FILES = Path(__file__).parent / "files"
Workbook = xlsxwriter.Workbook


def workbook(fill: Callable[[Any], None], **options: Any) -> bytes:
    content = io.BytesIO()
    with Workbook(content, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm", **options}) as made:
        fill(made)
    return content.getvalue()


def people(made: Any) -> None:
    made.add_worksheet("Cover")
    made.add_worksheet("Read me").write("A1", "This is our list.")
    hidden = made.add_worksheet("Old")
    hidden.write_row("A1", ["Email", "Name"])
    hidden.write_row("A2", ["old@b.example", "Old"])
    hidden.hide()
    sheet = made.add_worksheet("People & co")
    sheet.write_row("B3", ["Email", "First name", "Since", "Seats", "Active", "Phone", "Score", "Notes"])
    sheet.write_row("B4", ["anna@b.example", "Anna", datetime.date(2024, 2, 29), 5, True, 491701234567, 0.1, "a\nb"])
    sheet.write_formula("E7", "=1/0", None, "#DIV/0!")
    sheet.write_formula("C7", '="Be"&"n"', None, "Ben")
    sheet.write_row("B7", ["ben@b.example"])
    sheet.write_datetime("D7", datetime.datetime(2024, 2, 29, 13, 30))
    sheet.write_boolean("F7", False)


def read(content: bytes) -> tuple[list[str], Dialect, list[Row]]:
    """The names of a workbook's sheets, how the one that is taken is read, and its rows."""
    with ExitStack() as undo:
        [received] = receive([content], "people.xlsx", undo)
        path = path_of(received.file)
        dialect = recognise_sheet(path, received.sheets).dialect
        return received.sheets, dialect, list(rows(path.open("rb"), dialect))


def test_the_sheet_with_the_contacts_is_found_and_its_rows_keep_their_numbers() -> None:
    names, dialect, found = read(workbook(people))
    assert names == ["Read me", "People & co", "Old"]
    assert (dialect.sheet, dialect.header_line) == ("People & co", 3)
    assert [row.line for row in found] == [3, 4, 7]


def test_cells_are_text_as_a_person_would_write_it() -> None:
    _, _, [_, anna, ben] = read(workbook(people))
    since = "2024-02-29"
    assert anna.cells == ["anna@b.example", "Anna", since, "5", "true", "491701234567", "0.1", "a\nb"]
    assert ben.cells == ["ben@b.example", "Ben", f"{since} 13:30:00", "", "false"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1e300, "1e+300"),
        (-3.0, "-3"),
        (0.15, "0.15"),
        (datetime.timedelta(hours=30, seconds=5), "30:00:05"),
        (datetime.time(9, 30), "09:30:00"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        ("007", "007"),
    ],
)
def test_a_cell_as_text(cell: sheets.Cell, text: str) -> None:
    assert sheets.text_of(cell) == text


def refusal(tmp_path: Path, content: bytes, most: int = 1 << 20) -> str:
    source = tmp_path / "source"
    source.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        convert_workbook(source, tmp_path / "target", most)
    return str(refused.value)


def test_a_password_has_to_go_first(tmp_path: Path) -> None:
    assert "password-protected" in refusal(tmp_path, (FILES / "password.xlsx").read_bytes())
    manifest = b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>"
    locked = zip_of({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml": manifest})
    assert "password-protected" in refusal(tmp_path, locked)


def zip_of(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """A workbook whose one sheet is `xml`."""
    with zipfile.ZipFile(io.BytesIO(workbook(lambda made: made.add_worksheet()))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return zip_of(files | {"xl/worksheets/sheet1.xml": xml})


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
TEXT = b'<c r="%s" t="inlineStr"><is><t>%s</t></is></c>'


def test_a_sheet_of_17_billion_cells_harms_nobody(tmp_path: Path) -> None:
    corners = b'<row r="1">%s</row><row r="1048576">%s</row>' % (TEXT % (b"A1", b"x"), TEXT % (b"XFD1048576", b"y"))
    assert "too large" in refusal(tmp_path, with_sheet(SHEET % corners))


def test_more_than_an_upload_may_be_is_too_large(tmp_path: Path) -> None:
    content = workbook(lambda made: made.add_worksheet().write_column("A1", ["anna@b.example"] * 100))
    assert "too large" in refusal(tmp_path, content, most=1000)


def test_entities_are_not_multiplied(tmp_path: Path) -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "%s"><!ENTITY c "%s">]>' % (b"&a;" * 1000, b"&b;" * 1000)
    source = tmp_path / "source"
    source.write_bytes(with_sheet(laughs + SHEET % (b'<row r="1">%s</row>' % (TEXT % (b"A1", b"&c;")))))
    with contextlib.suppress(Unreadable):
        convert_workbook(source, tmp_path / "target", 1 << 20)
    assert (tmp_path / "target").stat().st_size < 1000


def test_what_is_broken_in_a_workbook_is_said(tmp_path: Path) -> None:
    whole = workbook(people)
    assert "cannot be read" in refusal(tmp_path, zip_of({"xl/workbook.xml": b"<workbook"}))
    assert "cannot be read" in refusal(tmp_path, b"\xd0\xcf\x11\xe0" + b"x" * 5000)
    assert "empty" in refusal(tmp_path, workbook(lambda made: made.add_worksheet()))
    for at in range(200, len(whole), len(whole) // 6):
        source = tmp_path / "source"
        source.write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
        with contextlib.suppress(Unreadable):
            convert_workbook(source, tmp_path / "target", 1 << 20)


MEASURED = """
import sys
from pathlib import Path
from leads.importing.formats.sheets import main
assert main(*sys.argv[1:]) == {"sheets": ["Sheet1"]}
[peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(peak.split()[1])
"""


def test_200_000_rows_take_little_memory(tmp_path: Path) -> None:
    row = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>p%d@b.example</t></is></c>%s<c><v>%d</v></c></row>'
    same = b"".join(b'<c t="inlineStr"><is><t>%s</t></is></c>' % text for text in (b"Anna", b"Archer", b"Acme", b"CTO"))
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(with_sheet(SHEET % b"".join(row % (n, n, n, same, n) for n in range(1, 200_001))))
    arguments = [str(source), str(target), str(1 << 30)]
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, check=True)
    assert int(done.stdout) < 400_000  # kB
    with target.open("rb") as table:
        last = deque(rows(table, Dialect("utf-8", "\x1f", 0, "Sheet1")), maxlen=1)[0]
    assert (last.line, last.cells[0], last.cells[5]) == (200_000, "p200000@b.example", "200000")
