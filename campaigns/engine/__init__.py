"""The send engine: every message exactly once, whatever dies.

    planned → sending → sent            `plan` makes due enrollments into planned messages.
                 ├────→ failed          `claim` takes a sender's lease and a batch of its messages: sending.
                 ├────→ planned         `deliver` renders each, offers it to the server and hears the answer.
                 ├────→ skipped         `settle` records each outcome before the next message is offered.
                 └────→ unknown         `recover` takes up what a dead drain left behind.

In: campaigns in state running. Out: one row per mail, its state always true. What may fail: a worker, a connection,
Redis, PostgreSQL; each leaves at most the one message that was on the wire unknown. A message is *offered* when its
row says so and that is committed; only then does its first byte go out. Claimed but not offered: back to planned.
Offered and no answer: unknown, and never sent again by itself. One drain at a time sends for a sender: whoever holds
the lease in the sender's row, renewed by its process (`lease`) and worthless once expired. A drain may keep several
connections open (`lines`), all of them driven by its thread, each with at most one message on the wire. Behind the data of
that one it may name the next to the server (its addresses alone), which is not offered before that has its outcome. What
the drains of a process have to record at one time goes to PostgreSQL in one commit (`write`).
"""

from campaigns.engine.closing import finish
from campaigns.engine.deliver import drain, stopping
from campaigns.engine.handover import hand_over
from campaigns.engine.mailboxes import hold_senders
from campaigns.engine.plan import plan, senders_with_work, signal_work
from campaigns.engine.recover import CannotResend, close_unknown, recover_abandoned, resend_unknown
from campaigns.engine.trial import send_test

__all__ = [
    "CannotResend",
    "close_unknown",
    "drain",
    "finish",
    "hand_over",
    "hold_senders",
    "plan",
    "recover_abandoned",
    "resend_unknown",
    "send_test",
    "senders_with_work",
    "signal_work",
    "stopping",
]
