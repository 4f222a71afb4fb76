"""vCards (2.1, 3.0 and 4.0: RFC 6350) → one table: a row for each card, and a column for each thing that any card tells.

The parser is ours: it is small, and an import needs what libraries do not give, the line of each card and a way on behind
one that is broken. A row has the number of the line below its card's BEGIN; line 1 holds the names of the columns.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from leads.importing.encoding import encoding_of
from leads.importing.formats import table
from leads.importing.formats.kinds import EMPTY
from leads.importing.read import Unreadable

MOST_CHARS = 1 << 16  # of a line, and of a property; pictures are longer, and not for us
MOST_ALIKE = 10  # addresses or numbers of one card that have a column of their own
NUMBERS = ["", *(f" {number}" for number in range(2, MOST_ALIKE + 1))]
# Properties whose first value counts, and its column.
SINGLE = {"FN": "Full name", "TITLE": "Job title", "URL": "Website", "BDAY": "Birthday", "NOTE": "Note"}
# Properties of several parts, and the column of each part, or none.
PARTS = {
    "N": ["Last name", "First name"],
    "ORG": ["Company", "Department"],
    "ADR": ["", "", "Street", "City", "Region", "Postal code", "Country"],
}
SEVERAL = {"EMAIL": "Email", "TEL": "Phone"}
COLUMNS = [
    *("Full name", "First name", "Last name", "Company", "Department", "Job title"),
    *(column + number for column in SEVERAL.values() for number in NUMBERS),
    *("Categories", "Street", "City", "Region", "Postal code", "Country", "Website", "Birthday", "Note"),
]
KNOWN = {*SINGLE, *PARTS, *SEVERAL, "CATEGORIES", "BEGIN", "END", "AGENT"}

HEAD = re.compile(r'((?:[^":]|"[^"]*")*):')
SEMICOLON, COMMA = re.compile(r"(?<!\\);"), re.compile(r"(?<!\\),")
ESCAPED = re.compile(r"\\([nN,;:\\])")
SCHEME = re.compile("^(tel|mailto):", re.IGNORECASE)
COMPACT_DATE = re.compile(r"^(\d{4})(\d\d)(\d\d)$")


@dataclass(frozen=True)
class Property:
    """One thing a card tells: a name in capitals, parameters in capitals, and the value, decoded."""

    line: int
    name: str
    parameters: list[str]
    value: str

    @property
    def preferred(self) -> bool:
        return any("PREF" in re.split("[=,]", parameter) for parameter in self.parameters)

    def parts(self, separator: re.Pattern[str]) -> list[str]:
        return [unescaped(part).strip() for part in separator.split(self.value)]


@dataclass
class Card:
    line: int
    cells: dict[str, str] = field(default_factory=dict)
    several: dict[str, list[str]] = field(default_factory=dict)

    def add(self, told: Property) -> None:
        if told.name in SEVERAL:
            values = self.several.setdefault(SEVERAL[told.name], [])
            values.insert(0 if told.preferred else len(values), SCHEME.sub("", unescaped(told.value)))
        elif told.name in PARTS:
            for column, text in zip(PARTS[told.name], told.parts(SEMICOLON), strict=False):
                self.put(column, text)
        elif told.name == "CATEGORIES":
            self.put("Categories", ", ".join(told.parts(COMMA)))
        elif told.name == "BDAY":
            self.put("Birthday", COMPACT_DATE.sub(r"\1-\2-\3", told.value))
        elif told.name in SINGLE:
            self.put(SINGLE[told.name], unescaped(told.value))

    def put(self, column: str, text: str) -> None:
        if column and text.strip():
            self.cells.setdefault(column, text.strip())

    def finished(self) -> dict[str, str]:
        """Column → cell. Where there are more addresses or numbers than columns, the last one holds the rest."""
        for column, values in self.several.items():
            found = list(dict.fromkeys(value.strip() for value in values if value.strip()))
            texts = [*found[: MOST_ALIKE - 1], "; ".join(found[MOST_ALIKE - 1 :])]
            for number, text in zip(NUMBERS, texts, strict=False):
                self.put(column + number, text)
        return self.cells


def unescaped(text: str) -> str:
    return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def convert_vcards(path: Path, target: Path, most_chars: int) -> None:
    """Write the cards as a table without a name to `target`; raises Unreadable, or table.TooLarge."""
    encoding = encoding_of(path)
    used = {column for _, cells in cards_in(path, encoding) for column in cells}
    header = [column for column in COLUMNS if column in used]
    if not header:
        raise Unreadable(EMPTY)
    with target.open("w", encoding=table.ENCODING) as out:
        writer = table.Writer(out, most_chars)
        writer.begin("")
        writer.row(header)
        for line, cells in cards_in(path, encoding):
            writer.row((cells.get(column, "") for column in header), line)


def cards_in(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The line below each card's BEGIN, and what the card tells. One that does not end, ends where the next one begins."""
    card: Card | None = None
    inner = 0  # cards inside a card, which 2.1 has for a person's agent
    agent = False
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        for told in properties(text, encoding):
            begins, ends = ((told.name, told.value.strip().upper()) == (word, "VCARD") for word in ("BEGIN", "END"))
            if inner or (begins and agent):
                inner += begins - ends
            elif begins or ends:
                if card:
                    yield card.line, card.finished()
                card = Card(told.line + 1) if begins else None
            elif card:
                card.add(told)
            agent = told.name == "AGENT" and not told.value.strip()
    if card:
        yield card.line, card.finished()


def properties(text: TextIO, encoding: str) -> Iterator[Property]:
    """What we know of what the cards tell, without the groups in front (`item1.EMAIL`)."""
    for line, told in unfolded(text):
        head = HEAD.match(told)
        if head is None:
            continue
        name, *parameters = head[1].upper().split(";")
        name = name.strip().rpartition(".")[2]
        if name in KNOWN:
            yield Property(line, name, parameters, decoded(told[head.end() :], parameters, encoding))


def unfolded(text: TextIO) -> Iterator[tuple[int, str]]:
    """Lines, those put together that were folded, each with the number of its first one; what is too long is cut."""
    begun, current = 0, ""
    for number, line in enumerate(lines_of(text), start=1):
        folded = line.startswith((" ", "\t"))
        if current and (folded or (current.endswith("=") and is_quoted_printable(current))):
            current = current[:MOST_CHARS].removesuffix("" if folded else "=") + line[folded:]
        else:
            yield begun, current
            begun, current = number, line
    yield begun, current


def lines_of(text: TextIO) -> Iterator[str]:
    while line := text.readline(MOST_CHARS):
        rest = line
        while rest and not rest.endswith(("\n", "\r")):
            rest = text.readline(MOST_CHARS)
        yield line.rstrip("\r\n")


def is_quoted_printable(told: str) -> bool:
    return "QUOTED-PRINTABLE" in told.partition(":")[0].upper()


def decoded(value: str, parameters: list[str], encoding: str) -> str:
    """The value as text; 2.1 writes what is not ASCII as quoted-printable, in a character set of its own."""
    if not any(parameter.endswith("QUOTED-PRINTABLE") for parameter in parameters):
        return value
    usual = "utf-8" if encoding.startswith("utf") else encoding
    named = [parameter.removeprefix("CHARSET=") for parameter in parameters if parameter.startswith("CHARSET=")]
    content = quopri.decodestring(value.encode(usual, "replace"))
    try:
        return content.decode(named[0] if named else usual, "replace")
    except LookupError:  # no such character set
        return content.decode(usual, "replace")
