"""Bytes → rows. Streams: memory holds one row, however large the file, and whatever its quotes do.

Cells follow RFC 4180 as leniently as `csv` reads it. A quote that never closes would swallow the rest of the file: its
line is given back as broken, and reading goes on with the next line.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MOST_CHARS = 1 << 20  # of one line, and of one row
MOST_LINES = 1000  # of one row
# Each runaway quote makes up to MOST_CHARS be read again, so their number is limited.
MOST_RUNAWAYS = 200
NEVER_CLOSED = "A quote opens on this line and never closes."
TOO_LONG = "The line is longer than 1,048,576 characters."
KEPT_OF_LONG = 1000
WRONG_ENCODING = "The file is not written in this encoding."

csv.field_size_limit(MOST_CHARS + 1)  # ours come first


class Unreadable(Exception):
    """The file cannot be imported; its text says why, and what to do, to the person who uploaded it."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written: a codec's name, one character, and the line of the column names (0: there are none)."""

    encoding: str
    separator: str
    header_line: int = 0


@dataclass(frozen=True)
class Row:
    """The cells of one row and the line it begins on, counted from 1. `broken` says why it cannot be taken."""

    line: int
    cells: list[str]
    broken: str = ""

    @property
    def blank(self) -> bool:
        return not self.broken and not any(cell and not cell.isspace() for cell in self.cells)


class Runaway(Exception):
    """A row grew beyond what a row may be: a quote does not close."""


class Lines:
    """Physical lines for `csv.reader`. Keeps those of the row being read, so that they can be read again."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.text = text
        self.current: list[str] = []
        self.waiting: list[str] = []  # to be read again, the next one last
        self.number = 0  # of the line given last
        self.chars = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.waiting.pop() if self.waiting else self.text.readline(MOST_CHARS + 2)
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.chars += len(line)
        self.current.append(line)
        if self.chars > MOST_CHARS or len(self.current) > MOST_LINES:
            raise Runaway
        return line

    def begin_row(self) -> None:
        self.current = []
        self.chars = 0

    def keep_first_only(self) -> str:
        """Give the row's first line, and make the others be read again."""
        first, *others = self.current
        self.waiting.extend(reversed(others))
        self.number -= len(others)
        self.ended = False
        return first

    def skip_rest_of_line(self, begun: str) -> None:
        """Read on to the end of a line that is too long to be kept."""
        while begun and not begun.endswith(("\n", "\r")):
            begun = self.text.readline(MOST_CHARS)


def rows(file: BinaryIO, dialect: Dialect) -> Iterator[Row]:
    """Every row of `file` to its end, notes and header included, blank ones left out; closes the file.

    Undecodable bytes become U+FFFD. Raises Unreadable where quotes run away again and again, or the encoding cannot be.
    """
    with io.TextIOWrapper(file, encoding=dialect.encoding, errors="replace", newline="") as text:
        try:
            yield from (row for row in parsed(Lines(text), dialect.separator) if not row.blank)
        except UnicodeError as error:  # UTF-16 without its mark
            raise Unreadable(WRONG_ENCODING) from error


def parsed(lines: Lines, separator: str) -> Iterator[Row]:
    runaways = 0
    while True:
        lines.begin_row()
        line = lines.number + 1
        # A reader of its own for each row costs little, and forgets what a broken row left behind.
        try:
            cells = next(csv.reader(lines, delimiter=separator))
        except StopIteration:
            return
        except Runaway:
            runaways += len(lines.current) > 1
            if runaways > MOST_RUNAWAYS:
                raise Unreadable(f"Quotes open and never close, again and again up to line {line}.") from None
            yield broken_row(lines, line, separator)
            continue
        if lines.ended:
            yield broken_row(lines, line, separator)  # the file ended inside a quote
        else:
            yield Row(line, cells)


def broken_row(lines: Lines, line: int, separator: str) -> Row:
    first = lines.keep_first_only()
    if len(first) > MOST_CHARS:
        lines.skip_rest_of_line(first)
        return Row(line, [first[:KEPT_OF_LONG]], TOO_LONG)
    return Row(line, first.rstrip("\r\n").split(separator), NEVER_CLOSED)


def open_upload(path: Path) -> BinaryIO:
    """The uploaded file; raises Unreadable where it is gone."""
    try:
        return path.open("rb")
    except (FileNotFoundError, IsADirectoryError):  # `Import.file` is empty once it was deleted
        raise Unreadable("The uploaded file is not here any more. Please upload it again.") from None
