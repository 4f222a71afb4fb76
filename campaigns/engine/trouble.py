"""When one mail's outcome says something about the whole sender."""

from dataclasses import dataclass, field

from senders.transports.base import Deferred, Disconnected, Outcome, Throttled, Unanswered

# So many in a row without a yes or a no: the server is at fault, and must not spoil all the rest. Then the sender rests
# for so many seconds.
LIMITS: dict[type[Outcome], tuple[int, float]] = {Deferred: (20, 60.0), Unanswered: (3, 300.0)}


@dataclass
class Trouble:
    """The outcomes of a drain since the last mail that was taken or refused."""

    seen: list[type[Outcome]] = field(default_factory=list)

    def rest_after(self, outcome: Outcome) -> Throttled | Disconnected | None:
        """What follows for the sender, if anything."""
        if isinstance(outcome, Throttled | Disconnected):
            return outcome
        if not isinstance(outcome, Deferred | Unanswered):
            self.seen = []
            return None
        kind = type(outcome)
        self.seen.append(kind)
        times, seconds = LIMITS[kind]
        if self.seen.count(kind) < times:
            return None
        return Throttled(f"{times} mails in a row: {outcome.reason}", seconds)
