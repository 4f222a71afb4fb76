"""A mail on its way, step by step: so that one thread can have many of them under way, each over a connection of its own.

A connection's `sending` is a generator that yields whenever it has to wait, and returns the outcome. It waits for an
answer: a number, until when (of the monotonic clock). Or for a call that takes its time, such as connecting anew: that
call, whose result it is given.
"""

import select
import time
from collections.abc import Callable, Generator
from typing import Protocol, TypeAlias

from senders.transports.base import ConnectError, Outcome, Outgoing

Wait: TypeAlias = "float | Callable[[], object]"
Steps: TypeAlias = "Generator[Wait, object, Outcome]"


class Stepwise(Protocol):
    """A connection that can send step by step."""

    def sending(self, outgoing: Outgoing, following: Outgoing | None = None) -> Steps: ...

    def fileno(self) -> int: ...


class Sending:
    """One mail over one connection; `outcome` is there in the end. Raises nothing for what a server or network may do."""

    def __init__(self, connection: Stepwise, outgoing: Outgoing, following: Outgoing | None = None) -> None:
        self.connection = connection
        self.steps = connection.sending(outgoing, following)
        self.wait: Wait = 0.0
        self.outcome: Outcome | None = None
        self.go_on(None)

    def go_on(self, result: object) -> None:
        """What it waited for is there: something to read, or the call's result."""
        try:
            self.wait = self.steps.send(result)
        except StopIteration as end:
            self.outcome = end.value

    def fail(self, error: Exception) -> None:
        """The answer did not come in time, or the call raised this."""
        try:
            self.wait = self.steps.throw(error)
        except StopIteration as end:
            self.outcome = end.value

    def call(self, call: Callable[[], object]) -> None:
        """Do what it waits for: it may raise ConnectError, and nothing else."""
        try:
            result = call()
        except ConnectError as error:
            self.fail(error)
        else:
            self.go_on(result)


def send_now(connection: Stepwise, outgoing: Outgoing) -> Outcome:
    """Send one mail, and wait for all that it waits for."""
    return outcome_of(Sending(connection, outgoing))


def outcome_of(sending: Sending) -> Outcome:
    """Wait for all that it waits for."""
    while sending.outcome is None:
        if callable(sending.wait):
            sending.call(sending.wait)
        elif readable(sending.connection.fileno(), sending.wait):
            sending.go_on(None)
        else:
            sending.fail(TimeoutError())
    return sending.outcome


def readable(socket: int, until: float) -> bool:
    """Wait for something to read; False where there is none by `until`."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))
