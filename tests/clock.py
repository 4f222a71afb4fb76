"""Setting the clock, of the database and of this process: sequences last for weeks, and tests do not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

# Our own now(), found before PostgreSQL's by every connection whose search path begins here.
CLOCK = """
CREATE SCHEMA clock;
CREATE TABLE clock.off (by interval NOT NULL);
INSERT INTO clock.off VALUES ('0');
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.now() + (SELECT by FROM clock.off)';
"""


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def database_clock() -> Iterator[None]:
    """PostgreSQL's clock can be set for all of its connections (`set_database`); it is right again at the end."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    execute(CLOCK)
    execute(f"ALTER DATABASE {name} SET search_path = clock, public, pg_catalog")
    connection.close()  # a search path is taken up with the connection
    try:
        yield
    finally:
        execute(f"ALTER DATABASE {name} RESET search_path")
        execute("DROP SCHEMA clock CASCADE")
        connection.close()


def set_database(seconds: float) -> None:
    """So many seconds forward, or back."""
    execute(f"UPDATE clock.off SET by = make_interval(secs => {seconds})")


@dataclass
class Traveller:
    """The time that the database and `django.utils.timezone.now` tell. It goes on by itself as time does."""

    patch: pytest.MonkeyPatch
    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def go_to(self, at: datetime) -> None:
        self.ahead = at - datetime.now(UTC)
        set_database(self.ahead.total_seconds())
        self.patch.setattr(timezone, "now", self.now)
