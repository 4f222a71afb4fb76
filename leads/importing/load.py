"""Contacts → leads, set by set: a batch is copied into a temporary table and becomes leads by a few statements.

The caller holds the transaction. What each lead was before is written down with it, so that the import can be taken back.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from leads.importing import statements
from leads.importing.clean import Contact, Refusal
from leads.models import Import
from leads.services import LONGEST_SOURCE, MAX_TAGS, ErasedAddress, clean_tags
from leads.suppression import digest

Values = dict[str, int | str | bool | None]


class Collided(Exception):
    """Another import made leads of the same people at the same time; the batch is to be begun again."""


@dataclass(frozen=True)
class Loaded:
    """What became of a batch's contacts, in rows of the file.

    Beside that `duplicates`: about somebody whom an earlier row of the file named; `suppressed`: who gets no mail.
    """

    created: int
    updated: int
    skipped: int
    duplicates: int
    suppressed: int
    refused: list[Refusal]


def load(importing: Import, contacts: Sequence[Contact]) -> Loaded:
    """Make leads of `contacts`, in the organisation and onto the list of the import. Raises Collided."""
    update = importing.on_duplicate == "update"
    people, later = by_person(contacts, merge=update)
    values: Values = {
        "organisation": importing.organisation_id,
        "import": importing.pk,
        "source": f"import of {importing.file_name}"[:LONGEST_SOURCE],
        "list": importing.target_list_id,
        "update": update,
        "most_tags": MAX_TAGS,
    }
    with connection.cursor() as cursor:
        cursor.execute(statements.TABLES)
        copy(cursor, people.values())
        erased, mute = sort_out(cursor, values)
        first, created = write(cursor, len(people) - len(erased), values)
        cursor.execute(statements.DELETE_ERASED_MEANWHILE, values)
        meanwhile = {key for (key,) in cursor.fetchall()}
        if importing.target_list_id:
            cursor.execute(statements.LIST, values)
    erased |= meanwhile
    created -= len(meanwhile)
    rows = len(contacts) - rows_of(erased, later)
    # The row goes on record without its cells: an erased person's address is not kept.
    reason = str(ErasedAddress())
    return Loaded(
        created=created,
        updated=rows - created if update else 0,
        skipped=0 if update else rows - created,
        duplicates=rows - first - created,
        suppressed=rows_of(mute, later),
        refused=[
            Refusal(line, reason, [], reason) for key in erased for line in (people[key].line, *later.get(key, ()))
        ],
    )


def by_person(contacts: Iterable[Contact], *, merge: bool) -> tuple[dict[str, Contact], dict[str, list[int]]]:
    """Each person by the key of the address, and of those with several rows the lines of the later ones.

    With `merge` what a later row fills counts, else the first row alone.
    """
    people: dict[str, Contact] = {}
    later: dict[str, list[int]] = {}
    for contact in contacts:
        key = contact.address.key
        first = people.setdefault(key, contact)
        if first is not contact:
            later.setdefault(key, []).append(contact.line)
            people[key] = merged(first, contact) if merge else first
    return people, later


def merged(first: Contact, later: Contact) -> Contact:
    """What two rows say of one person: what the later one fills counts, tags add up."""
    return first._replace(
        values=first.values | later.values,
        fields=first.fields | later.fields,
        tags=clean_tags([*first.tags, *later.tags]),
    )


def rows_of(keys: Collection[str], later: dict[str, list[int]]) -> int:
    """How many rows are about these people."""
    return len(keys) + sum(len(later.get(key, ())) for key in keys)


def copy(cursor: CursorWrapper, people: Iterable[Contact]) -> None:
    with cursor.copy(statements.COPY) as out:
        for contact in people:
            (email, key), values, fields, tags, _ = contact
            value = values.get
            out.write_row(
                (
                    key,
                    email,
                    digest(key),
                    value("first_name", ""),
                    value("last_name", ""),
                    value("company", ""),
                    value("title", ""),
                    value("phone", ""),
                    json.dumps(fields, ensure_ascii=False) if fields else "{}",
                    tags,
                    contact.flags,
                )
            )


def sort_out(cursor: CursorWrapper, values: Values) -> tuple[set[str], set[str]]:
    """Take the erased out of the batch; returns their keys, and those of others that get no mail."""
    cursor.execute(statements.SUPPRESSED, values)
    found = dict(cursor.fetchall())
    erased = {key for key, is_erased in found.items() if is_erased}
    if erased:
        cursor.execute(statements.TAKE_OUT_ERASED, {"erased": list(erased)})
    return erased, set(found) - erased


def write(cursor: CursorWrapper, people: int, values: Values) -> tuple[int, int]:
    """Update who is known and create who is not; returns how many the import met for the first time, and created."""
    cursor.execute(statements.KNOWN, values)
    known, first = cursor.rowcount, 0
    if known:
        cursor.execute(statements.UPDATE, values)
        first = cursor.fetchone()[0]
    created = 0
    if known < people:
        cursor.execute(statements.CREATE, values)
        created = cursor.rowcount
    if known + created != people:
        raise Collided
    return first, created
