"""Who may send for a sender: a lease in its row, renewed by the process that holds it."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import DatabaseError, connection

from campaigns.engine.persist import persist

log = logging.getLogger(__name__)

# A dead process's senders are taken up this long after its last renewal, in seconds.
LEASE_SECONDS = 20
RENEW_SECONDS = 5

# Whether a sender's lease holds. One that ends later than any lease does was written before PostgreSQL's clock was set
# back: its holder, where it lives, renews it at once; a dead one's must not hold for as long as the clock was wrong.
HOLDS = "lease_until BETWEEN now() AND now() + interval '1 minute'"

TAKE = f"""
UPDATE senders_sender SET lease = %(lease)s, lease_until = now() + make_interval(secs => %(seconds)s)
WHERE id = %(sender)s AND state = 'active' AND next_slot_at <= now() AND (lease IS NULL OR NOT {HOLDS})
"""  # noqa: S608  (words of our own)
RENEW = """
UPDATE senders_sender SET lease_until = now() + make_interval(secs => %(seconds)s) WHERE lease = ANY(%(leases)s::uuid[])
"""
# When it ended stays: who has waited longest comes next (plan.SENDERS_WITH_WORK).
RELEASE = "UPDATE senders_sender SET lease = NULL, lease_until = now() WHERE lease = %(lease)s"


@dataclass
class Renewal:
    """One thread per process that renews all of its leases in one statement, while there are any."""

    leases: set[uuid.UUID] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    wake: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def add(self, lease: uuid.UUID) -> None:
        with self.lock:
            self.leases.add(lease)
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self.run, name="lease-renewal", daemon=True)
                self.thread.start()

    def remove(self, lease: uuid.UUID) -> None:
        with self.lock:
            self.leases.discard(lease)

    def run(self) -> None:
        try:
            while not self.wake.wait(RENEW_SECONDS):
                with self.lock:
                    held = list(self.leases)
                    if not held:
                        self.thread = None
                        return
                self.renew(held)
        finally:
            connection.close()

    @staticmethod
    def renew(held: list[uuid.UUID]) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(RENEW, {"leases": [str(lease) for lease in held], "seconds": LEASE_SECONDS})
        except DatabaseError as error:  # the drains find out for themselves; the leases may expire, which is safe
            log.warning("Could not renew %d leases: %s", len(held), error)
            connection.close()


renewal = Renewal()


@contextmanager
def lease_of(sender: int) -> Iterator[uuid.UUID | None]:
    """The sender's lease for as long as the block runs; None where another holds it or the sender may not send now."""
    lease = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"sender": sender, "lease": lease, "seconds": LEASE_SECONDS})
        won = cursor.rowcount == 1
    if not won:
        yield None
        return
    renewal.add(lease)
    try:
        yield lease
    finally:
        renewal.remove(lease)
        persist(lambda: release(lease))


def release(lease: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, {"lease": lease})
