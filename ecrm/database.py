"""Settings of PostgreSQL for a few statements alone: a limit of time, a hint to the planner."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.db.models import Model
from psycopg.errors import QueryCanceled


@contextmanager
def locally(**settings: str) -> Iterator[None]:
    """Run what is inside with these settings of PostgreSQL, in a transaction; afterwards they are as before."""
    with transaction.atomic(), connection.cursor() as cursor:
        before = {}
        for name in settings:
            cursor.execute("SELECT current_setting(%s)", [name])
            before[name] = cursor.fetchone()[0]
        set_locally(settings)
        yield
        set_locally(before)


def set_locally(settings: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


class TooSlow(Exception):
    """A statement did not end in the time that it was given."""


@contextmanager
def within(milliseconds: int) -> Iterator[None]:
    """Statements inside that take longer are ended (0: none is); raises TooSlow."""
    try:
        with locally(statement_timeout=f"{milliseconds}ms"):
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


# From how many new rows on the planner is told of them at once: autovacuum comes by each minute at best.
MANY = 1000


def tell_planner(count: int, *tables: type[Model]) -> None:
    """Have PostgreSQL look at what has just come into these tables, where it is much. Until then it would take them for as
    small as they were, and a lead's look-up in a list for cheaper than it is: 100,000 times 100,000 rows, for minutes.
    """
    if count < MANY:
        return
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table._meta.db_table)}")
