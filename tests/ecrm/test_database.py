"""Settings of PostgreSQL for a few statements alone."""

import pytest
from django.db import ProgrammingError, connection

from ecrm.database import TooSlow, locally, within


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_settings_hold_inside_and_are_as_before_afterwards(db: None) -> None:
    with locally(enable_seqscan="off"), within(5000):
        assert (setting("enable_seqscan"), setting("statement_timeout")) == ("off", "5s")
    assert (setting("enable_seqscan"), setting("statement_timeout")) == ("on", "0")


def test_what_takes_too_long_is_ended_and_the_connection_goes_on(db: None) -> None:
    with pytest.raises(TooSlow):
        with within(20):
            run("SELECT pg_sleep(5)")
    assert setting("statement_timeout") == "0"


def test_other_errors_stay_what_they_are(db: None) -> None:
    with pytest.raises(ProgrammingError):
        with within(5000):
            run("SELECT nonsense")
