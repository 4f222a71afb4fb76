"""A statement that is prepared once per connection, and sent before anyone waits for its answer.

Django's cursor has PostgreSQL parse and plan a statement at every call, which for the engine's hot one costs more than
running it, and then waits. Here it is planned once per connection, and the caller has the time until the answer to
itself. Built on psycopg's `pq` (libpq's asynchronous commands, PostgreSQL manual 32.4). A pooler in between must pass
prepared statements on (PgBouncer does since 1.21).
"""

import re
import select
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg import pq

NAMED = re.compile(r"%\((\w+)\)s")
OK = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}


class Statement:
    """SQL with `%(name)s::type` parameters, as Django writes them, each of them an array;
    every use needs its type.
    """

    def __init__(self, name: str, sql: str) -> None:
        self.name = name.encode()
        self.parameters = list(dict.fromkeys(NAMED.findall(sql)))
        self.sql = NAMED.sub(lambda found: f"${self.parameters.index(found[1]) + 1}", sql).encode()
        self.prepared: WeakKeyDictionary[psycopg.Connection[Any], bool] = WeakKeyDictionary()

    def start(self, **values: Sequence[object]) -> "Running":
        """Send it over this thread's connection, which nothing else may use until `Running.numbers` was called.

        Raises django.db.OperationalError or InterfaceError where the connection is gone.
        """
        connection.ensure_connection()
        raw: psycopg.Connection[Any] = connection.connection
        with connection.wrap_database_errors:
            if raw not in self.prepared:
                raw.pgconn.send_prepare(self.name, self.sql)
                Running(raw).numbers()
                self.prepared[raw] = True
            raw.pgconn.send_query_prepared(self.name, [encoded(values[name]) for name in self.parameters])
            running = Running(raw)
            running.flush()
        return running


class Running:
    """A statement on its way."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.pgconn = raw.pgconn

    def flush(self) -> None:
        while self.pgconn.flush():
            wait(self.pgconn.socket, select.POLLIN | select.POLLOUT)
            self.pgconn.consume_input()

    def numbers(self) -> list[int]:
        """Wait for its answer: the numbers in its only column. Raises django.db's DatabaseError."""
        failed: pq.abc.PGresult | None = None
        found: list[int] = []
        with connection.wrap_database_errors:
            self.flush()
            while (result := self.next_result()) is not None:
                if result.status in OK:
                    found += [int(result.get_value(row, 0) or 0) for row in range(result.ntuples)]
                else:
                    failed = result
            if failed is not None:
                raise psycopg.errors.error_from_result(failed)
        return found

    def next_result(self) -> pq.abc.PGresult | None:
        while self.pgconn.is_busy():
            wait(self.pgconn.socket, select.POLLIN)
            self.pgconn.consume_input()
        return self.pgconn.get_result()


def wait(socket: int, events: int) -> None:
    """Until the socket is ready; other threads run meanwhile."""
    poll = select.poll()
    poll.register(socket, events)
    poll.poll()


def encoded(values: Sequence[object]) -> bytes:
    """An array in PostgreSQL's text form (manual 8.15.2), of what the engine passes: numbers, UUIDs, text."""
    texts = [quoted(value) if isinstance(value, str) else str(value) for value in values]
    return ("{" + ",".join(texts) + "}").encode("utf-8", "replace")


def quoted(text: str) -> str:
    if text and not text.isalnum():
        text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "")
    return f'"{text}"'
