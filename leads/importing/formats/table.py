"""How sheets and cards are kept until they are imported: as text that is read at the speed of a CSV file, row by row.

A file of such tables is UTF-8. Each begins with a line of GROUP and its name; then each line is a row of the sheet, so that
its number is the row's; SEPARATOR stands between cells, and BREAK for a line break in one. These characters are ASCII's
own for the purpose, and no program lets people type them: where a cell holds one, it goes.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

GROUP, BREAK, SEPARATOR = "\x1d", "\x1e", "\x1f"
ENCODING = "utf-8"

LONGEST_NAME = 200
CLEANED = str.maketrans({"\0": "", "\n": BREAK, "\r": BREAK, GROUP: "", BREAK: "", SEPARATOR: "", "\x1c": ""})
UNCLEAN = re.compile("[" + "".join(map(chr, CLEANED)) + "]")


class TooLarge(Exception):
    """More was to be written than is allowed."""


class Writer:
    """Writes tables of at most `most` characters together; raises TooLarge beyond them."""

    def __init__(self, out: TextIO, most: int) -> None:
        self.out = out
        self.left = most
        self.number = 0  # of the row written last

    def begin(self, name: str) -> str:
        """Returns the name as it is written."""
        written = name.translate(CLEANED)[:LONGEST_NAME]
        self.write(f"{GROUP}{written}\n")
        self.number = 0
        return written

    def row(self, cells: Iterable[str], number: int = 0) -> None:
        """The next row, or that of a number further down."""
        self.write("\n" * (number - self.number - 1))
        texts = list(cells)
        if UNCLEAN.search("".join(texts)):  # few rows are, and to translate each cell takes longer than all else
            texts = [text.replace("\r\n", "\n").translate(CLEANED) for text in texts]
        self.write(SEPARATOR.join(texts).rstrip(SEPARATOR) + "\n")
        self.number = number or self.number + 1

    def write(self, text: str) -> None:
        self.left -= len(text)
        if self.left < 0:
            raise TooLarge
        self.out.write(text)


def rows(text: Iterable[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the table called `name` that are not blank, each with its number."""
    lines = iter(text)
    wanted = f"{GROUP}{name}\n"
    for line in lines:
        if line == wanted:
            break
    for number, line in enumerate(lines, start=1):
        if line.startswith(GROUP):
            return
        if not line.isspace():  # separators are white space, too
            cells = line[:-1].split(SEPARATOR)
            yield number, [cell.replace(BREAK, "\n") for cell in cells] if BREAK in line else cells
