"""The connections of one drain, all of them driven by its thread: each has one mail on the wire at the most, and none
waits for another.

Only what cannot be done in steps, such as connecting, is done by other threads, which touch nothing else.
"""

import logging
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from campaigns.engine.prepare import Ready
from senders.transports.base import ConnectError, Connection, Outcome, Outgoing, Throttled
from senders.transports.sending import Sending

log = logging.getLogger(__name__)

# How many connections a process may have beside its drains' first ones: each takes a file descriptor.
MOST_FURTHER = 500
further = threading.BoundedSemaphore(MOST_FURTHER)
# How soon it is seen that another thread is done, in seconds.
GLANCE = 0.01
# A mail that is to follow another over its connection waits no longer than this for that one's outcome, in seconds: then
# whichever connection is free may have it.
SLOW_SECONDS = 0.5
# Threads that connect: a server that is not there keeps one for as long as senders.transports.smtp waits for it.
CONNECTING = ThreadPoolExecutor(max_workers=64, thread_name_prefix="connecting")

Heard = tuple["Line", Ready, Outcome]


class Line:
    """A connection, and the mail that is on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ready: Ready | None = None
        self.following: Ready | None = None  # the next one over this connection, not offered yet
        self.sending: Sending | None = None
        self.started = 0.0  # when it was offered (of the monotonic clock)
        self.call: Future[object] | None = None

    def start(self, ready: Ready, mail: Outgoing, following: Ready | None) -> None:
        self.ready, self.following, self.started = ready, following, time.monotonic()
        self.sending = Sending(self.connection, mail, following.mail if following else None)

    def take(self) -> Ready | None:
        """What it has to offer next."""
        following, self.following = self.following, None
        return following

    def is_slow(self) -> bool:
        """Whether one waits for this one's outcome, and has waited long."""
        return bool(self.following and self.sending) and time.monotonic() - self.started > SLOW_SECONDS

    def close(self) -> None:
        """Once no other thread has to do with it."""
        if self.call:
            self.call.exception()
        self.connection.close()

    def is_finished(self) -> bool:
        return self.sending is not None and self.sending.outcome is not None

    def finished(self) -> Heard:
        """What came of its mail, where it `is_finished`; then it is idle."""
        assert self.ready is not None
        assert self.sending is not None
        assert self.sending.outcome is not None
        heard = self, self.ready, self.sending.outcome
        self.ready = self.sending = None
        return heard


class Lines:
    """A drain's connections. At the end of the block all of them are closed."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.opening: list[Future[Connection]] = []
        self.refused: Throttled | None = None  # the server lets no more in, as it says

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closing = [CONNECTING.submit(line.close) for line in self.lines[1:]]
        for line in self.lines[:1]:
            line.close()
        for future in closing:
            future.result()
        for opening in self.opening:
            if not opening.cancel() and opening.exception() is None:
                opening.result().close()
        for _ in range(len(closing) + len(self.opening)):
            further.release()

    def add(self, connection: Connection) -> None:
        self.lines.append(Line(connection))

    @property
    def busy(self) -> bool:
        return any(line.sending for line in self.lines)

    def idle(self) -> list[Line]:
        """Those that have no mail on the wire; those first whose next one is decided."""
        return sorted([line for line in self.lines if not line.sending], key=lambda line: line.following is None)

    def decided(self) -> bool:
        """Whether there is a mail that one of those has to offer next."""
        return any(line.following and not line.sending for line in self.lines)

    def taken_back(self) -> list[Ready]:
        """What waits behind slow ones: its connection may still have it, where none other is free."""
        return [ready for line in self.lines if line.is_slow() and (ready := line.take())]

    def grow(self, wanted: int, connect: Callable[[], Connection]) -> None:
        """Have `wanted` connections, as far as the server and this process allow it."""
        while len(self.lines) + len(self.opening) < wanted and not self.refused and further.acquire(blocking=False):
            self.opening.append(CONNECTING.submit(connect))

    def drop(self, line: Line, outcome: Throttled) -> bool:
        """Do without a connection that the server does not let in again; False where it is the only one."""
        if len(self.lines) == 1:
            return False
        self.lines.remove(line)
        further.release()
        self.refused = outcome
        return True

    def listen(self) -> list[Heard]:
        """Wait until some mail has an outcome or there is a connection more; return the outcomes."""
        while not (heard := [line.finished() for line in self.lines if line.is_finished()]):
            if not self.busy or self.welcome() or any(line.is_slow() for line in self.lines):
                break
            self.go_on(self.patience())
        return heard

    def patience(self) -> float:
        """How long there may be nothing to read, in seconds."""
        waits = [line.sending.wait for line in self.lines if line.sending]
        until = min((wait for wait in waits if isinstance(wait, float)), default=0.0)
        if self.opening or (len(self.lines) > 1 and any(map(callable, waits))):
            return GLANCE
        most = SLOW_SECONDS if any(line.following for line in self.lines) else until
        return max(0.0, min(most, until - time.monotonic()))

    def go_on(self, seconds: float = 0.0) -> None:
        """Go on with all the mails that can go on, once there is one, after `seconds` at the most."""
        waiting = {line.connection.fileno(): line for line in self.lines if waits_for_answer(line)}
        self.do_calls()
        readable = poll(waiting, seconds)
        now = time.monotonic()
        for socket, line in waiting.items():
            if line.sending is None:
                continue
            if socket in readable:
                line.sending.go_on(None)
            elif isinstance(line.sending.wait, float) and line.sending.wait < now:
                line.sending.fail(TimeoutError())

    def do_calls(self) -> None:
        """What takes its time is done here where nobody waits for this thread, and by another one elsewhere."""
        for line in self.lines:
            if line.sending is None or not callable(line.sending.wait):
                continue
            if len(self.lines) == 1 and not self.opening:
                line.sending.call(line.sending.wait)
            elif line.call is None:
                line.call = CONNECTING.submit(line.sending.wait)
            elif line.call.done():
                call, line.call = line.call, None
                line.sending.call(call.result)

    def welcome(self) -> bool:
        """Take in the connections that have come about since; whether there was one."""
        done = [future for future in self.opening if future.done()]
        opened = 0
        for future in done:
            self.opening.remove(future)
            try:
                self.add(future.result())
                opened += 1
            except ConnectError as error:
                self.not_let_in(error)
        return opened > 0

    def not_let_in(self, error: ConnectError) -> None:
        log.info("No further connection: %s", error)
        further.release()
        outcome = error.outcome
        self.refused = outcome if isinstance(outcome, Throttled) else Throttled(outcome.reason)


def waits_for_answer(line: Line) -> bool:
    return line.sending is not None and isinstance(line.sending.wait, float) and line.sending.outcome is None


def poll(sockets: dict[int, Line], seconds: float) -> set[int]:
    """Those of the sockets that can be read, or are gone, after `seconds` at the most."""
    waiting = select.poll()
    for socket in sockets:
        if socket < 0:
            return {socket}
        waiting.register(socket, select.POLLIN)
    return {socket for socket, _ in waiting.poll(seconds * 1000)}
