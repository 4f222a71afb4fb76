"""Bytes → rows. Streams: memory holds a block of the file, however large that is, and whatever its quotes do.

Cells follow RFC 4180 as leniently as `csv` reads it. A quote that never closes, or that closes in a row further down,
would swallow rows: its line is given back as broken, and reading goes on with the next line.
Measured on two cores: 800,000 rows of six cells a second, with quotes around each cell or without; of workbooks and
vCards, as `formats.table` keeps them, 1,300,000.
"""

import csv
import io
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from leads.importing.formats import table

MOST_CHARS = 1 << 20  # of one line, and of one row
MOST_LINES = 1000  # of one row
BLOCK_CHARS = 1 << 17
MOST_REREAD = 200 << 20  # characters: a quote that runs away makes up to MOST_CHARS be read again
NEVER_CLOSED = "A quote opens on this line and never closes."
CLOSED_LATE = "A quote opens on this line and closes in another row."
TOO_LONG = "The line is longer than 1,048,576 characters."
KEPT_OF_LONG = 1000
WRONG_ENCODING = "The file is not written in this encoding."
ADDRESS = re.compile(r"[^\s\"@]{1,64}@[^\s\"@]{1,255}")

csv.field_size_limit(4 * MOST_CHARS)  # a block and what was carried over into it are less; ours come first


class Unreadable(Exception):
    """The file cannot be imported; its text says why, and what to do, to the person who uploaded it."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written: a codec's name, one character, and the line of the column names (0: there are none).

    `sheet` is the one to read of a workbook; `separator` is then `table.SEPARATOR`, of files that we wrote ourselves.
    `columns` is how many there are, 0 where that is not known yet.
    """

    encoding: str
    separator: str
    header_line: int = 0
    sheet: str = ""
    columns: int = 0


class Row(NamedTuple):
    """The cells of one row and the line it begins on, counted from 1. `broken` says why it cannot be taken."""

    line: int
    cells: list[str]
    broken: str = ""


def is_blank(cells: list[str]) -> bool:
    return not any(cell and not cell.isspace() for cell in cells)


def rows(file: BinaryIO, dialect: Dialect) -> Iterator[Row]:
    """Every row of `file` to its end, notes and header included, blank ones left out; closes the file.

    Undecodable bytes become U+FFFD. Raises Unreadable where quotes run away again and again, or the encoding cannot be.
    """
    with io.TextIOWrapper(file, encoding=dialect.encoding, errors="replace", newline="") as text:
        if dialect.separator == table.SEPARATOR:
            yield from (Row(line, cells) for line, cells in table.rows(text, dialect.sheet))
            return
        try:
            yield from Parser(Blocks(text), dialect).rows()
        except UnicodeError as error:  # UTF-16 without its mark
            raise Unreadable(WRONG_ENCODING) from error


class Blocks:
    """Physical lines, a block at a time, with those that have to be read again in front."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.text = text
        self.rest = ""  # of a line whose end is not read yet
        self.carried: list[str] = []
        self.ended = False

    def next(self) -> list[str]:
        """The lines to be read now. A line that is longer than MOST_CHARS comes as its beginning."""
        chunk = self.text.read(BLOCK_CHARS)
        self.ended = not chunk
        # Unlike `splitlines`, this ends lines at line feeds and carriage returns only.
        lines = io.StringIO(self.rest + chunk, newline="").readlines()
        self.rest = ""
        if lines and not self.ended and not lines[-1].endswith("\n"):  # a return may be followed by a line feed
            self.rest = lines.pop()
        if len(self.rest) > MOST_CHARS:
            lines.append(self.rest[: MOST_CHARS + 1])
            self.skip_rest_of_line()
        lines[:0] = self.carried
        self.carried = []
        return lines

    def skip_rest_of_line(self) -> None:
        self.rest = ""
        while part := self.text.readline(MOST_CHARS):
            if part.endswith("\n"):
                return
            if part.endswith("\r"):
                self.rest = self.text.read(1).removeprefix("\n")
                return


class Parser:
    """Lines → rows, for one file. `problem` says why the row that comes next is broken; empty where it is not."""

    def __init__(self, blocks: Blocks, dialect: Dialect) -> None:
        self.blocks = blocks
        self.separator = dialect.separator
        self.columns = dialect.columns
        self.widest = 0  # cells of any row so far
        self.number = 0  # of the line that was done with last
        self.reread = 0  # characters, about
        self.problem = ""

    def rows(self) -> Iterator[Row]:
        lines: list[str] = []
        while not self.blocks.ended:
            lines += self.blocks.next()
            lines = yield from self.sound_rows(lines)
            while self.problem:
                self.number += 1
                self.reread += len(lines)
                yield broken_row(self.number, lines[0], self.problem, self.separator)
                lines = yield from self.sound_rows(lines[1:])

    def sound_rows(self, lines: list[str]) -> Generator[Row, None, list[str]]:
        """The rows up to one with a problem, or one that goes on in the next block; returns the lines left."""
        self.problem = ""
        # The last line is none of the file's: a quote that is open swallows it, and is known by that.
        given = [*lines, "\n"]
        reader = csv.reader(given, delimiter=self.separator)
        first, begun = self.number + 1, 0
        for cells in reader:
            end = reader.line_num
            if (end - begun > 1 or len(given[begun]) > MOST_CHARS) and not self.is_sound(
                lines[begun:end], cells, is_open=end > len(lines)
            ):
                break
            if cells:
                if len(cells) > self.widest:
                    self.widest = len(cells)
                if (cells[0] and not cells[0].isspace()) or not is_blank(cells):
                    yield Row(first + begun, cells)
            begun = min(end, len(lines))
        self.number += begun
        return lines[begun:]

    def is_sound(self, lines: list[str], cells: list[str], *, is_open: bool) -> bool:
        """Whether a row that is long, or of several lines, is one; where it only begins here, `problem` stays empty."""
        chars = sum(map(len, lines))
        fits = chars <= MOST_CHARS and len(lines) <= MOST_LINES
        if len(lines[0]) > MOST_CHARS:
            self.problem = TOO_LONG
        elif is_open and fits and not self.blocks.ended:
            return False
        elif is_open or not fits:
            self.problem = NEVER_CLOSED
        elif self.swallows_rows(lines, cells):
            self.problem = CLOSED_LATE
        else:
            return True
        self.reread += 0 if self.problem == TOO_LONG else chars
        if self.reread > MOST_REREAD:
            raise Unreadable(f"Quotes open and never close, again and again up to line {self.number + 1}.")
        return False

    def swallows_rows(self, lines: list[str], cells: list[str]) -> bool:
        """Whether a row of several lines looks like several: a line of it like a row with an address, and itself not."""
        alike = any(self.separator in line and any(map(is_addressed, line.split(self.separator))) for line in lines[1:])
        return alike and not (len(cells) == (self.columns or self.widest) and self.is_strict(lines))

    def is_strict(self, lines: list[str]) -> bool:
        """Whether every quote that closes ends its cell."""
        try:
            list(csv.reader(lines, delimiter=self.separator, strict=True))
        except csv.Error:
            return False
        return True


def is_addressed(cell: str) -> bool:
    return "@" in cell and ADDRESS.fullmatch(cell.strip(' "\r\n')) is not None


def broken_row(number: int, line: str, problem: str, separator: str) -> Row:
    """The line on its own, and as it stands there."""
    cells = [line[:KEPT_OF_LONG]] if problem == TOO_LONG else line.rstrip("\r\n").split(separator)
    return Row(number, cells, problem)


def open_upload(path: Path) -> BinaryIO:
    """The uploaded file; raises Unreadable where it is gone."""
    try:
        return path.open("rb")
    except (FileNotFoundError, IsADirectoryError):  # `Import.file` is empty once it was deleted
        raise Unreadable("The uploaded file is not here any more. Please upload it again.") from None
