"""The connections that one drain keeps open at once: threads that share its lease, its troubles and its end.

Each runs a line of its own: claims are disjoint (SKIP LOCKED), and each connection has one mail on the wire at the most.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from django.db import connection

from campaigns.engine.persist import GONE
from campaigns.engine.trouble import Trouble
from campaigns.models import MessageState
from senders.transports.base import Disconnected, Outcome, Throttled

log = logging.getLogger(__name__)

# How many helpers a process may have beside its drains: each has a connection to PostgreSQL, too, which `up` lets have 400.
MOST_HELPERS = 100
helpers = threading.BoundedSemaphore(MOST_HELPERS)


@dataclass
class Drained:
    """What a drain did: messages by the state they ended in, and whether more is waiting."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, state: MessageState) -> None:
        with self.lock:
            self.counts[state] = self.counts.get(state, 0) + 1


class Crew:
    """What the lines of one drain share; at the end of the block, none of them sends any more."""

    def __init__(self) -> None:
        self.claiming = threading.Lock()  # what the day's limit allows is looked at and claimed in one step
        self.over = threading.Event()  # a line found that the sender must rest, or that the turn is over
        self.complete = False  # the server lets no more in: no further helpers in this drain
        self.trouble = Trouble()
        self.troubles = threading.Lock()
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.over.set()
        for thread in self.threads:
            thread.join()

    def fill(self, wanted: int, work: Callable[[], None]) -> None:
        """Have `wanted` helpers at `work`, as far as the process has some to spare."""
        self.threads = [thread for thread in self.threads if thread.is_alive()]
        while len(self.threads) < wanted and not self.complete and helpers.acquire(blocking=False):
            thread = threading.Thread(target=help_with, args=(work,), name="drain-helper", daemon=True)
            self.threads.append(thread)
            thread.start()

    def rest_after(self, outcome: Outcome) -> Throttled | Disconnected | None:
        """What follows for the sender from a mail's outcome, if anything; then the others end, too."""
        with self.troubles:
            rest = self.trouble.rest_after(outcome)
        if rest is not None:
            self.over.set()
        return rest


def help_with(work: Callable[[], None]) -> None:
    """A helper's life; what it held is given back by `work` itself or, where PostgreSQL is away, found by recovery."""
    try:
        work()
    except GONE as error:
        log.warning("A further connection's drain ended without PostgreSQL: %s", str(error).strip())
    except Exception:  # the others go on
        log.exception("A further connection's drain ended")
    finally:
        connection.close()
        helpers.release()
