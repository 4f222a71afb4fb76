"""Hold on to what must be written, while PostgreSQL is away."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)

# How long a write waits for a PostgreSQL that is away, and how long between two tries.
SECONDS = 60.0
PAUSE_SECONDS = 0.25
# What Django raises where the connection is gone.
GONE = (OperationalError, InterfaceError)

Result = TypeVar("Result")


def persist(work: Callable[[], Result]) -> Result:
    """`work`, again over a fresh connection where this one is gone; raises GONE after SECONDS.

    The first try may have been committed without our hearing of it: `work` must not mind being done twice.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return work()
        except GONE as error:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            log.warning("Waiting for PostgreSQL: %s", str(error).strip())
            connection.close()
            time.sleep(PAUSE_SECONDS)
