"""A row → a contact, or why it is none. A row is taken as a whole: what cannot be read right becomes no lead."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from ecrm.spreadsheet import plain
from leads.addresses import Address, BadAddress, normalise_email
from leads.importing.map import Columns, is_address
from leads.importing.names import split_name
from leads.importing.read import Row
from leads.lists import clean_text
from leads.services import LONGEST, LONGEST_FIELD, clean_tags

LONGEST_REASON = 300
LONGEST_TEXT = 400  # room for a first and a last name
MOST_PIECES = 20  # addresses in one cell that are looked at
UNREADABLE = "\ufffd"
NO_ADDRESS = "There is no email address in this row."
SWALLOWED = "A cell of this row holds other rows: a quote on this line closes too late."


@dataclass(frozen=True)
class Contact:
    """What one row says of a person; empty values say nothing. `line` and `cells` are the row's."""

    address: Address
    values: dict[str, str]
    fields: dict[str, str]
    tags: list[str]
    line: int
    cells: list[str] = field(repr=False)


@dataclass(frozen=True)
class Refusal:
    """A row that becomes no lead, and why, in words."""

    line: int
    reason: str
    cells: list[str] = field(repr=False)


def clean(row: Row, columns: Columns) -> Contact | Refusal:
    try:
        return contact_of(row, columns)
    except BadAddress as error:
        return Refusal(row.line, str(error)[:LONGEST_REASON], row.cells)


def contact_of(row: Row, columns: Columns) -> Contact:
    """Raises BadAddress with the reason, also where it is another than the address."""
    if row.broken:
        raise BadAddress(row.broken)
    check_width(row, columns)
    cells = row.cells + [""] * (columns.width - len(row.cells))
    check_cells(cells, columns)
    address = first_address(cells[index] for index in columns.indices("email"))
    return Contact(
        address=address,
        values=text_values(cells, columns),
        fields=custom_values(cells, columns),
        tags=clean_tags(tag for index in columns.indices("tags") for tag in tags_of(cells[index])),
        line=row.line,
        cells=row.cells,
    )


def check_width(row: Row, columns: Columns) -> None:
    """More cells than columns: a separator inside a cell was not quoted, so the cells stand under wrong names."""
    if any(cell.strip() for cell in row.cells[columns.width :]):
        raise BadAddress(
            f"The row has {len(row.cells)} cells for {columns.width} columns: "
            "put a cell that contains the separator in quotes."
        )


def check_cells(cells: list[str], columns: Columns) -> None:
    for index in columns.used:
        if UNREADABLE in cells[index]:
            raise BadAddress(f"Some characters could not be read: “{clean_text(cells[index], 60)}”.")
    if any("\n" in cell and swallows_rows(cell, columns) for cell in cells):
        raise BadAddress(SWALLOWED)


def swallows_rows(cell: str, columns: Columns) -> bool:
    """Whether a cell of several lines holds rows of the file: a quote opened where it should not, and found another.

    Such a line has an address where the addresses stand, and is as long as a row, or a quote is left over in the cell.
    """
    for line in cell.splitlines()[1:]:
        parts = line.split(columns.separator)
        if len(parts) < max(2, columns.width - 1) and '"' not in cell:
            continue
        if any(index < len(parts) and is_address(parts[index]) for index in columns.indices("email")):
            return True
    return False


def first_address(cells: Iterable[str]) -> Address:
    """The first address that is one; raises BadAddress with what is wrong with the first that is filled."""
    wrong: BadAddress | None = None
    for cell in cells:
        if not cell.strip():
            continue
        for text in pieces(cell):
            try:
                return normalise_email(text)
            except BadAddress as error:
                wrong = wrong or error
    raise wrong or BadAddress(NO_ADDRESS)


def pieces(cell: str) -> Iterable[str]:
    """The cell itself, then its parts: Google writes `a@b.example ::: c@d.example`, others use `;`, `,` or lines."""
    cell = plain(cell.strip())
    yield cell
    for separator in (":::", ";", ",", "\n"):
        if separator in cell:
            yield from islice((part for part in cell.split(separator) if part.strip()), MOST_PIECES)


def text_values(cells: list[str], columns: Columns) -> dict[str, str]:
    """The fields of text that the row fills; a full name is split where there is no first or last name."""
    values = {name: first_text(cells, columns.indices(name)) for name in LONGEST}
    if not values["first_name"] and not values["last_name"]:
        name = first_text(cells, columns.indices("full_name"))
        values["first_name"], values["last_name"] = split_name(name)
    return {name: text[: LONGEST[name]] for name, text in values.items() if text}


def first_text(cells: list[str], indices: Iterable[int]) -> str:
    """The first of the cells that is filled, in one line; as long as a full name may be."""
    texts = (clean_text(plain(cells[index].strip()), LONGEST_TEXT) for index in indices)
    return next(filter(None, texts), "")


def custom_values(cells: list[str], columns: Columns) -> dict[str, str]:
    texts = {name: [custom_text(cells[index]) for index in found] for name, found in columns.custom.items()}
    return {name: text for name, found in texts.items() if (text := next(filter(None, found), ""))}


def custom_text(cell: str) -> str:
    """A custom field keeps its lines."""
    return plain(cell.replace("\0", "").strip())[:LONGEST_FIELD]


def tags_of(cell: str) -> Iterable[str]:
    """Tags as exporters join them; Google's own groups (`* myContacts`) are no tags."""
    for separator in (":::", ";", "|"):
        cell = cell.replace(separator, ",")
    return (tag for tag in cell.split(",") if not tag.strip().startswith("* "))
