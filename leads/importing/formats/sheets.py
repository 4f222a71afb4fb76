"""A workbook → tables, in a process of its own: `python -m leads.importing.formats.sheets WORKBOOK TABLES MOST_CHARS`.

Prints JSON: `{"sheets": […]}`, the names of the sheets that hold anything, those that are seen first; or `{"problem": …}`
with a key of `workbooks.PROBLEMS`. calamine keeps a sheet in memory as a rectangle, and a file of 5 KB can have one of
17 billion cells, so this process limits itself, and may die of it: nobody else does. It knows nothing but its arguments.
Measured on two cores: an XLSX file of 200,000 rows of six cells takes 1.6 s and 130 MB.
"""

import datetime
import json
import mmap
import resource
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from leads.importing.formats import table

Cell = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta

MOST_BYTES = 1 << 30  # of memory
MOST_SECONDS = 60  # of computing
MOST_SHEETS = 100
# Beyond this a float does not hold every whole number; it is written as a float is.
WHOLE = 1 << 53
MANIFEST = "META-INF/manifest.xml"  # of OpenDocument
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # what Excel keeps a locked workbook in (MS-OFFCRYPTO 1.3.2)


def text_of(cell: Cell) -> str:
    """A cell as a CSV file would hold it: dates as ISO 8601, whole numbers without `.0`, truth as a word."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) <= WHOLE else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, datetime.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell)  # of a date or a time this is ISO 8601


def convert(workbook: CalamineWorkbook, writer: table.Writer) -> list[str]:
    known = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    known.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
    found = []
    for sheet in known[:MOST_SHEETS]:
        content = workbook.get_sheet_by_name(sheet.name)
        if content.start is not None:
            found.append(writer.begin(sheet.name))
            write(content.iter_rows(), writer)
    return found


def write(rows: Iterable[list[Cell]], writer: table.Writer) -> None:
    for row in rows:
        writer.row(map(text_of, row))


def main(source: str, target: str, most_chars: str) -> dict[str, object]:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with CalamineWorkbook.from_path(source) as workbook, Path(target).open("w", encoding=table.ENCODING) as out:
            return {"sheets": convert(workbook, table.Writer(out, int(most_chars)))}
    except PasswordError:
        return {"problem": "password"}
    except (table.TooLarge, MemoryError):
        return {"problem": "large"}
    except CalamineError:
        return {"problem": "password" if is_locked(Path(source)) else "damaged"}


def is_locked(workbook: Path) -> bool:
    """Whether a password is why it cannot be read; calamine tells only where a file's name says what it is."""
    if zipfile.is_zipfile(workbook):
        with zipfile.ZipFile(workbook) as archive:
            return MANIFEST in archive.namelist() and b"encryption-data" in archive.read(MANIFEST)
    with workbook.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(ENCRYPTED) >= 0


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
