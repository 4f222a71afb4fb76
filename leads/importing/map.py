"""Columns → fields: a guess from the header and the first rows, checked against what a person chose.

Of several columns with addresses the one that goes to `email` is asked first, then `email2`, then `email3`; where several
go to the same, the first one in the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from leads.addresses import BadAddress, normalise_email
from leads.importing.read import Row
from leads.importing.vocabulary import ADDRESSES, CUSTOM, LABELS, NAME, meaning
from leads.lists import clean_text
from leads.models import CustomField
from leads.services import LONGEST, LONGEST_FIELD_NAME, MAX_CUSTOM_FIELDS

# Every column of these is taken, and the first one that is filled counts; of the others the most telling one.
SEVERAL = {"email", "phone"}
MOSTLY = 0.6


class BadMapping(ValueError):
    """A mapping that cannot be; its text says which column or field is at fault."""


@dataclass(frozen=True)
class Columns:
    """Where each field stands in a row: the indices of its columns, in the order in which they are asked.

    `defined`: what the custom fields among them hold, where their definitions say so.
    """

    width: int
    separator: str = ","
    fields: dict[str, list[int]] = field(default_factory=dict)
    custom: dict[str, list[int]] = field(default_factory=dict)
    defined: Mapping[str, CustomField] = field(default_factory=dict)

    def indices(self, name: str) -> Sequence[int]:
        return self.fields.get(name, ())

    @cached_property
    def addresses(self) -> list[int]:
        return [index for target in ADDRESSES for index in self.indices(target)]

    @cached_property
    def texts(self) -> list[tuple[str, list[int], int]]:
        """The fields of text: name, columns, and how long it may be."""
        return [(name, self.fields[name], longest) for name, longest in LONGEST.items() if name in self.fields]

    @cached_property
    def used(self) -> list[int]:
        return sorted({index for part in (self.fields, self.custom) for found in part.values() for index in found})


def guess(header: Sequence[str], rows: Sequence[Row], taken: Mapping[str, str] | None = None) -> dict[str, str]:
    """Header → field for the columns that say what they are; `taken` stays, and what it holds is not guessed again."""
    given = dict(taken or {})
    found: dict[str, list[tuple[int, str]]] = {}
    for name in header:
        if name not in given and (known := meaning(name)):
            found.setdefault(known[0], []).append((known[1], name))
    settle_name(found, set(given.values()))
    for target, columns in found.items():
        if target in given.values():
            continue
        chosen = columns if target in SEVERAL else [min(columns)]
        given.update({name: target for _, name in chosen})
    rank_addresses(header, given, taken or {})
    if "email" not in given.values():
        given.update(guess_address(header, rows, given))
    return {name: given[name] for name in header if given.get(name)}


def rank_addresses(header: Sequence[str], given: dict[str, str], taken: Mapping[str, str]) -> None:
    """Of several columns with addresses that were guessed, the first one in the file is asked first."""
    guessed = [name for name in header if given.get(name) == "email" and name not in taken]
    for name, target in zip(guessed[1:], [*ADDRESSES[1:], *[ADDRESSES[-1]] * len(guessed)], strict=False):
        given[name] = target


def settle_name(found: dict[str, list[tuple[int, str]]], taken: set[str]) -> None:
    """A column called just `Name`, `Nom`, `Nome`, `Nombre`: what the other columns leave for it."""
    columns = found.pop(NAME, [])
    if not columns:
        return
    known = taken | set(found)
    if "first_name" in known and "last_name" not in known:
        found["last_name"] = columns
    elif "last_name" in known and "first_name" not in known:
        found["first_name"] = columns
    elif "full_name" not in known:
        found["full_name"] = columns


def guess_address(header: Sequence[str], rows: Sequence[Row], given: Mapping[str, str]) -> dict[str, str]:
    """The first column whose filled cells are mostly addresses, where no header says email."""
    for index, name in enumerate(header):
        cells = [row.cells[index] for row in rows if len(row.cells) > index and row.cells[index].strip()]
        if name not in given and cells and sum(map(is_address, cells)) >= MOSTLY * len(cells):
            return {name: "email"}
    return {}


def is_address(text: str) -> bool:
    if "@" not in text:  # most cells: they need no closer look
        return False
    try:
        normalise_email(text)
    except BadAddress:
        return False
    return True


def check(header: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """`given` (header → field; empty to leave a column out) in its stored form; raises BadMapping."""
    for name in given:
        if name not in header:
            raise BadMapping(f"The file has no column “{name[:80]}”. It has: {', '.join(header)[:500]}.")
    mapping = {name: target_of(name, target) for name, target in given.items() if target}
    if not set(ADDRESSES) & set(mapping.values()):
        raise BadMapping("No column holds email addresses. Say which one does.")
    if len({target for target in mapping.values() if target.startswith(CUSTOM)}) > MAX_CUSTOM_FIELDS:
        raise BadMapping(f"A lead has {MAX_CUSTOM_FIELDS} custom fields at most. Leave some columns out.")
    return mapping


def target_of(header: str, target: str) -> str:
    if target in LABELS:
        return target
    name = clean_text(target.removeprefix(CUSTOM), LONGEST_FIELD_NAME)
    if not target.startswith(CUSTOM) or not name:
        known = ", ".join(LABELS)
        raise BadMapping(
            f"“{header[:80]}” cannot be “{target[:80]}”. Use {known}, or {CUSTOM}<name> for a custom field."
        )
    return CUSTOM + name


def columns_of(
    header: Sequence[str],
    mapping: Mapping[str, str],
    separator: str = ",",
    defined: Mapping[str, CustomField] | None = None,
) -> Columns:
    columns = Columns(len(header), separator, defined=defined or {})
    for index, name in enumerate(header):
        target = mapping.get(name, "")
        if target.startswith(CUSTOM):
            columns.custom.setdefault(target.removeprefix(CUSTOM), []).append(index)
        elif target:
            columns.fields.setdefault(target, []).append(index)
    return columns
