"""How a text is written: refused where it is no table, else its dialect, its header and its first rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leads.importing.encoding import encoding_of
from leads.importing.formats import table
from leads.importing.formats.kinds import EMPTY
from leads.importing.map import is_address
from leads.importing.read import Dialect, Row, Unreadable, open_upload, rows
from leads.importing.vocabulary import meaning
from leads.lists import clean_text

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
LOOKED_AT = 60  # rows, and at most so many characters of them
LOOKED_AT_CHARS = 1 << 20
HEADER_WITHIN = 30  # rows: the notes above a header are shorter
MOST_COLUMNS = 500
LONGEST_HEADER = 200
SHEETS_LOOKED_AT = 10
TELLING = 2  # columns that are known by their names make a header

NO_ROWS = "The file has column names and no rows below them."
NO_TEXT = "This is not a text file, and no workbook. Upload an export of your contacts, such as a CSV file."
TOO_WIDE = f"The file has more than {MOST_COLUMNS} columns."
# No text has many of these: control characters, and what could not be decoded.
NO_LETTERS = {chr(code) for code in range(32)} - set("\t\n\r\f\v") | {"\ufffd"}


@dataclass(frozen=True)
class Sheet:
    """A file that was looked at: unique column names, and the first rows below them."""

    dialect: Dialect
    header: list[str]
    rows: list[Row]
    score: tuple[int, float, int]  # how well the separator fits


def recognise(path: Path, encoding: str = "", separator: str = "", sheet: str = "") -> Sheet:
    """Look at the first rows of the file, in the given encoding and separator or those that fit best.

    Raises Unreadable where it is no table with rows.
    """
    encoding = encoding or encoding_of(path)
    dialects = [Dialect(encoding, choice, sheet=sheet) for choice in ([separator] if separator else SEPARATORS)]
    best = max((sheet_of(first_rows(path, dialect), dialect) for dialect in dialects), key=lambda found: found.score)
    if len(best.header) > MOST_COLUMNS:
        raise Unreadable(TOO_WIDE)
    if not best.rows:
        raise Unreadable(NO_ROWS if best.header else EMPTY)
    return best


def recognise_sheet(path: Path, names: Sequence[str]) -> Sheet:
    """The first of a workbook's sheets that holds contacts by its column names, else the first with rows.

    `names` is empty for cards, which are one table without a name. Raises Unreadable where no sheet has rows.
    """
    found: list[Sheet] = []
    problem = Unreadable(EMPTY)
    for name in names[:SHEETS_LOOKED_AT] or [""]:
        try:
            found.append(recognise(path, table.ENCODING, table.SEPARATOR, name))
        except Unreadable as error:
            problem = error
    if not found:
        raise problem
    return max(found, key=lambda sheet: sheet.score[0] >= TELLING)


def first_rows(path: Path, dialect: Dialect) -> list[Row]:
    """The first rows that are not blank; raises Unreadable where they are no text."""
    found: list[Row] = []
    chars = odd = 0
    with open_upload(path) as file:
        for row in rows(file, dialect):
            text = "".join(row.cells)
            chars += len(text)
            odd += sum(map(text.count, NO_LETTERS))
            found.append(row)
            if len(found) >= LOOKED_AT or chars > LOOKED_AT_CHARS:
                break
    if odd > 8 and odd > chars / 20:
        raise Unreadable(NO_TEXT)
    if found and found[0].cells[0].lower() == "sep=":  # Excel's own note on the separator
        found = found[1:]
    return found


def sheet_of(found: Sequence[Row], dialect: Dialect) -> Sheet:
    index = header_index(found)
    if index is None:  # the first row is a person already
        width = max((len(row.cells) for row in found), default=0)
        header, line, below = [""] * width, 0, list(found)
    else:
        header, line, below = found[index].cells, found[index].line, list(found[index + 1 :])
    alike = sum(len(row.cells) == len(header) for row in below) / len(below) if below and len(header) > 1 else 0.0
    score = (known_columns(header), alike, len(header))
    header = header[: MOST_COLUMNS + 1]  # more are refused, and need no names
    return Sheet(replace(dialect, header_line=line, columns=len(header)), unique(header), below, score)


def header_index(found: Sequence[Row]) -> int | None:
    """Which row names the columns: the one that names most of what we know, else the first one as wide as most.

    None where the rows are people from the first one on.
    """
    within = [row.cells[: MOST_COLUMNS + 1] if not row.broken else [] for row in found[:HEADER_WITHIN]]
    known = [known_columns(cells) for cells in within]
    if known and max(known) >= TELLING:
        return known.index(max(known))
    if not within or any(map(is_address, within[0])):
        return None
    [(usual, _)] = Counter(map(len, within)).most_common(1)
    index = next(index for index, cells in enumerate(within) if len(cells) == usual)
    return None if any(map(is_address, within[index])) else index


def known_columns(cells: Sequence[str]) -> int:
    """How many different fields the cells name; an address counts twice, since no list goes without."""
    named = {known[0] for cell in cells[:MOST_COLUMNS] if (known := meaning(cell[:LONGEST_HEADER]))}
    return len(named) + ("email" in named)


def unique(header: Sequence[str]) -> list[str]:
    """Column names that can be told apart: empty ones are numbered, and the second `Email` is `Email (2)`."""
    return list(named(header))


def named(header: Sequence[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for number, cell in enumerate(header, start=1):
        name = clean_text(cell.strip("\ufeff"), LONGEST_HEADER) or f"Column {number}"
        seen[name] += 1
        while seen[name] > 1:
            name = f"{name} ({seen[name]})"
            seen[name] += 1
        yield name
