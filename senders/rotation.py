"""Seal everything anew under the vault's first key, while the system runs (promise p10).

In: what stands in the sealed columns (`SEALED`) under an older key. Out: the same secrets under the first one. A batch is one
statement that changes a row only where it still holds what was read: a password typed meanwhile stays, and is looked at again.
What is done is known by the key id in front of each ciphertext, so that a rotation may be interrupted and started again at
any time. What may fail: a ciphertext that does not open; it stays as it is and is reported.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.conf import settings
from django.db import connection
from psycopg import sql

from senders.connecting.grants import grant_row
from senders.models import Sender
from senders.services import secret_row
from senders.vault import ID_BYTES, VaultError, key_id, seal, unseal

BATCH = 500
# A row that is written again and again under an old key: some process does not know the new one yet.
MOST_PASSES = 5


@dataclass(frozen=True)
class Sealed:
    """A column of ciphertexts. `name` gives the name under which a row is sealed, from the value of its column `key`."""

    model: str
    column: str
    key: str
    name: Callable[[int], str]

    @property
    def table(self) -> str:
        return str(apps.get_model(self.model)._meta.db_table)

    def __str__(self) -> str:
        return f"{self.model}.{self.column}"


# Every column that the vault seals and that must outlive its key; a test finds the one that is forgotten here.
SEALED = (
    Sealed("senders.Sender", "secret", "id", lambda key: secret_row(Sender(pk=key))),
    Sealed("senders.Grant", "secret", "sender_id", grant_row),
)

# Those not under the first key yet, in the order of their primary key; a full look costs one pass over the table.
STALE = """
SELECT id, {key}, {column} FROM {table}
WHERE id > %(after)s AND {column} IS NOT NULL AND substring({column} FROM 1 FOR %(length)s) <> %(first)s
ORDER BY id LIMIT %(limit)s
"""
RESEAL = """
UPDATE {table} SET {column} = fresh.after
FROM unnest(%(ids)s::bigint[], %(before)s::bytea[], %(after)s::bytea[]) AS fresh(id, before, after)
WHERE {table}.id = fresh.id AND {table}.{column} = fresh.before
"""


@dataclass
class Report:
    """What a rotation did: rows sealed anew, rows that were written meanwhile, and why rows were left."""

    sealed: int = 0
    changed: int = 0
    failures: dict[str, str] = field(default_factory=dict)  # the row's name → why
    complete: bool = True  # False: rows were still written under an old key when it gave up


def rotate(column: Sealed, progress: Callable[[Report], None] = lambda report: None) -> Report:
    """Seal a column's stale rows anew; `progress` hears of each batch."""
    report = Report()
    for _ in range(MOST_PASSES):
        before = report.changed
        for batch in stale(column):
            reseal(column, batch, report)
            progress(report)
        if report.changed == before:
            return report
    report.complete = False
    return report


def stale(column: Sealed) -> Iterator[list[tuple[int, int, bytes]]]:
    """Batches of (id, key, ciphertext) that another key than the first has sealed."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                statement(STALE, column),
                {"after": after, "length": ID_BYTES, "first": key_id(settings.ENCRYPTION_KEYS[0]), "limit": BATCH},
            )
            batch = [(pk, key, bytes(sealed)) for pk, key, sealed in cursor.fetchall()]
        if not batch:
            return
        yield batch
        after = batch[-1][0]


def reseal(column: Sealed, batch: list[tuple[int, int, bytes]], report: Report) -> None:
    """Write a batch under the first key, and add to `report` what became of it."""
    fresh: list[tuple[int, bytes, bytes]] = []
    for pk, key, before in batch:
        row = column.name(key)
        try:
            fresh.append((pk, before, seal(unseal(before, row).reveal(), row)))
        except VaultError as error:
            report.failures[row] = str(error)
    if not fresh:
        return
    ids, befores, afters = (list(values) for values in zip(*fresh, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(statement(RESEAL, column), {"ids": ids, "before": befores, "after": afters})
        report.sealed += cursor.rowcount
        report.changed += len(fresh) - cursor.rowcount


def statement(text: str, column: Sealed) -> sql.Composed:
    names = {"table": column.table, "column": column.column, "key": column.key}
    return sql.SQL(text).format(**{name: sql.Identifier(value) for name, value in names.items()})
