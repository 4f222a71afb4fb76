"""A row → a contact, or why it is none. A row is taken as a whole: what cannot be read right becomes no lead.

Measured on one core: a plain row of six cells takes about 8 µs. Cells are joined once, and looked at closely only where
that shows anything but letters, digits, signs and blanks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from ecrm.spreadsheet import plain
from leads.addresses import Address, BadAddress, normalise_email, plain_address
from leads.fields import fitted
from leads.flags import flags_of
from leads.importing.map import Columns, is_address
from leads.importing.names import split_name
from leads.importing.read import Row
from leads.lists import clean_text
from leads.segments.vocabulary import BadValue
from leads.services import LONGEST, LONGEST_FIELD, clean_tags

LONGEST_REASON = 300
LONGEST_TEXT = 400  # room for a first and a last name
MOST_PIECES = 20  # addresses in one cell that are looked at
UNREADABLE = "\ufffd"
NO_ADDRESS = "There is no email address in this row."
SWALLOWED = "A cell of this row holds other rows: a quote on this line closes too late."
NOT_READ = "Some characters could not be read"
TOO_WIDE = "The row has more cells than the file has columns: a cell that contains the separator needs quotes."


class Contact(NamedTuple):
    """What one row says of a person; empty values say nothing. `line` is the row's."""

    address: Address
    values: dict[str, str]
    fields: dict[str, str]
    tags: list[str]
    line: int

    @property
    def flags(self) -> list[str]:
        return flags_of(self.address.key)


@dataclass(frozen=True)
class Refusal:
    """A row that becomes no lead, and why, in words; `kind` is the same for all that are refused for the same reason."""

    line: int
    reason: str
    cells: list[str] = field(repr=False)
    kind: str = ""


def clean(row: Row, columns: Columns) -> Contact | Refusal:
    try:
        return contact_of(row, columns)
    except BadAddress as error:
        return Refusal(row.line, str(error).replace("\0", "")[:LONGEST_REASON], row.cells, error.kind)


def contact_of(row: Row, columns: Columns) -> Contact:
    """Raises BadAddress with the reason, also where it is another than the address."""
    cells = row.cells
    if row.broken or len(cells) != columns.width:
        cells = whole_row(row, columns)
    text = "".join(cells)
    if UNREADABLE in text or not text.isprintable():
        check_cells(cells, columns)
    return Contact(
        address=first_address(cells, columns.addresses),
        values=text_values(cells, columns),
        fields=custom_values(cells, columns) if columns.custom else {},
        tags=clean_tags(tag for index in columns.indices("tags") for tag in tags_of(cells[index])),
        line=row.line,
    )


def whole_row(row: Row, columns: Columns) -> list[str]:
    """The cells of a row, filled up with empty ones. Raises BadAddress where it is broken or has too many of them.

    Then a separator inside a cell was not quoted, so the cells stand under wrong names.
    """
    if row.broken:
        raise BadAddress(row.broken)
    if any(cell.strip() for cell in row.cells[columns.width :]):
        raise BadAddress(
            f"The row has {len(row.cells)} cells for {columns.width} columns: "
            "put a cell that contains the separator in quotes.",
            TOO_WIDE,
        )
    return row.cells[: columns.width] + [""] * (columns.width - len(row.cells))


def check_cells(cells: Sequence[str], columns: Columns) -> None:
    for index in columns.used:
        if UNREADABLE in cells[index]:
            raise BadAddress(f"{NOT_READ}: “{clean_text(cells[index], 60)}”.", f"{NOT_READ}.")
    if any(("\n" in cell or "\r" in cell) and swallows_rows(cell, columns) for cell in cells):
        raise BadAddress(SWALLOWED)


def swallows_rows(cell: str, columns: Columns) -> bool:
    """Whether a cell of several lines holds rows of the file: a quote opened where it should not, and found another.

    Such a line has an address where the addresses stand, and is as long as a row, or a quote is left over in the cell.
    """
    for line in cell.splitlines()[1:]:
        parts = line.split(columns.separator)
        if len(parts) < max(2, columns.width - 1) and '"' not in cell:
            continue
        if any(index < len(parts) and is_address(parts[index]) for index in columns.addresses):
            return True
    return False


def first_address(cells: Sequence[str], indices: Iterable[int]) -> Address:
    """The first address that is one; raises BadAddress with what is wrong with the first that is filled."""
    wrong: BadAddress | None = None
    for index in indices:
        cell = cells[index].strip()
        if address := plain_address(cell):
            return address
        for text in pieces(cell):
            try:
                return normalise_email(text)
            except BadAddress as error:
                wrong = wrong or error
    raise wrong or BadAddress(NO_ADDRESS)


def pieces(cell: str) -> Iterable[str]:
    """The cell itself, then its parts: Google writes `a@b.example ::: c@d.example`, others use `;`, `,` or lines."""
    if not cell:
        return
    cell = plain(cell)
    yield cell
    for separator in (":::", ";", ",", "\n"):
        if separator in cell:
            yield from islice((part for part in cell.split(separator) if part.strip()), MOST_PIECES)


def text_values(cells: Sequence[str], columns: Columns) -> dict[str, str]:
    """The fields of text that the row fills; a full name is split where there is no first or last name."""
    values: dict[str, str] = {}
    for name, indices, longest in columns.texts:
        if text := first_text(cells, indices):
            values[name] = text[:longest]
    if "full_name" in columns.fields and "first_name" not in values and "last_name" not in values:
        names = split_name(first_text(cells, columns.fields["full_name"]))
        for name, text in zip(("first_name", "last_name"), names, strict=True):
            if text:
                values[name] = text[: LONGEST[name]]
    return values


def first_text(cells: Sequence[str], indices: Iterable[int]) -> str:
    """The first of the cells that is filled, in one line; as long as a full name may be."""
    for index in indices:
        cell = cells[index]
        if "'" in cell or "\0" in cell:
            cell = plain(cell.strip()).replace("\0", "")
        if text := " ".join(cell.split())[:LONGEST_TEXT]:
            return text
    return ""


def custom_values(cells: Sequence[str], columns: Columns) -> dict[str, str]:
    """The custom fields that the row fills. Raises BadAddress where a value is none that the field holds."""
    values: dict[str, str] = {}
    for name, indices in columns.custom.items():
        for index in indices:
            if text := custom_text(cells[index]):
                values[name] = held(text, name, columns)
                break
    return values


def held(text: str, name: str, columns: Columns) -> str:
    defined = columns.defined.get(name)
    try:
        return fitted(defined, text) if defined else text
    except BadValue as error:
        shown = f"“{clean_text(text, 60)}” is no value of the field {name}"
        raise BadAddress(f"{shown}: {error}", f"No value of the field {name}: {error}") from error


def custom_text(cell: str) -> str:
    """A custom field keeps its lines."""
    return plain(cell.replace("\0", "").strip())[:LONGEST_FIELD]


def tags_of(cell: str) -> Iterable[str]:
    """Tags as exporters join them; Google's own groups (`* myContacts`) are no tags."""
    for separator in (":::", ";", "|"):
        cell = cell.replace(separator, ",")
    return (tag for tag in cell.split(",") if not tag.strip().startswith("* "))
