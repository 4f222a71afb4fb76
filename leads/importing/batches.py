"""The rows of a file, cleaned, in batches; each is read while the one before is loaded.

PostgreSQL's work and ours so go on at the same time, on a core each. Memory holds two batches.
"""

import itertools
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from leads.fields import defined_fields
from leads.importing import uploads
from leads.importing.clean import Contact, Refusal, clean
from leads.importing.map import Columns, columns_of
from leads.importing.read import Row, open_upload, rows
from leads.models import Import

BATCH_ROWS = 10_000
BATCH_CHARS = 8 << 20
PATIENCE = 5  # seconds without a batch, after which somebody asks whether we live

Item = TypeVar("Item")


@dataclass
class Batch:
    """Rows on their way in, and how far into the file they go."""

    contacts: list[Contact] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    chars: int = 0
    position: int = 0

    def __len__(self) -> int:
        return len(self.contacts) + len(self.refused)

    def add(self, row: Row, found: Contact | Refusal) -> None:
        if isinstance(found, Refusal):
            self.refused.append(found)
        else:
            self.contacts.append(found)
        self.chars += sum(map(len, row.cells))

    @property
    def full(self) -> bool:
        return len(self) >= BATCH_ROWS or self.chars >= BATCH_CHARS


def import_columns(importing: Import) -> Columns:
    defined = defined_fields(importing.organisation)
    return columns_of(importing.header, importing.mapping, importing.separator, defined)


def batches(importing: Import, columns: Columns, after: int = 0) -> Iterator[Batch]:
    """The file's rows in batches, without the first `after`. Raises Unreadable. Asks nothing of the database."""
    dialect = uploads.dialect_of(importing)
    file = open_upload(uploads.path_of(importing.file))
    below = (row for row in rows(file, dialect) if row.line > dialect.header_line)
    batch = Batch()
    for row in itertools.islice(below, after, None):
        batch.add(row, clean(row, columns))
        if batch.full:
            batch.position = file.tell()
            yield batch
            batch = Batch()
    if len(batch):
        batch.position = importing.size
        yield batch


def ahead(items: Iterator[Item], while_waiting: Callable[[], object]) -> Generator[Item, None, None]:
    """The same items, each made in a thread while the one before is used; `while_waiting` is called where one is late."""
    with ThreadPoolExecutor(1, thread_name_prefix="import") as pool:
        coming = pool.submit(next, items, None)
        while True:
            while not wait([coming], PATIENCE).done:
                while_waiting()
            item = coming.result()
            if item is None:
                return
            coming = pool.submit(next, items, None)
            yield item
