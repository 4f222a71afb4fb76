"""After a fault nobody lends a hand: the tick alone must bring everything to its end, and nothing lost or doubled."""

import time
from collections import Counter
from datetime import timedelta

from django.utils import timezone

from campaigns import engine
from campaigns.models import Campaign, Message
from tests.campaigns.launching import Launcher

# How soon after a fault's end sending goes on (issue 3), and what dead processes' leases are shortened to (seconds).
SOON = 30.0
SHORT_LEASE = 1.0


def tick() -> None:
    """One second's work of the workers: what `campaigns.tasks.tick` does, and the drains that it wakes."""
    engine.recover_abandoned()
    engine.plan()
    engine.finish()
    for sender in engine.senders_with_work():
        engine.drain(sender)


def wait_for_more(launcher: Launcher, had: int, seconds: float = SOON) -> None:
    """Until the server has taken more than `had` mails: sending goes on, by whatever process."""
    deadline = time.monotonic() + seconds
    while len(launcher.received()) <= had:
        assert time.monotonic() < deadline, f"it did not go on within {seconds:.0f} seconds"
        time.sleep(0.02)


def wait_until_over(campaign: Campaign, seconds: float = SOON, *, ticking: bool = True) -> None:
    """Until no message waits or is on its way, within `seconds`; `ticking`: by this process's own ticks."""
    deadline = time.monotonic() + seconds
    while Message.objects.filter(campaign=campaign, state__in=["planned", "sending"]).exists():
        assert time.monotonic() < deadline, f"it did not go on within {seconds:.0f} seconds"
        if ticking:
            tick()
        time.sleep(0.05)


def check(launcher: Launcher, campaign: Campaign, leads: int, unknown: int) -> None:
    """Lost 0, doubled 0, in doubt at most `unknown`; and each row says what really happened."""
    rows = list(Message.objects.filter(campaign=campaign).values_list("lead__email", "state"))
    check_rows(rows, launcher.received(), leads, unknown)


def check_rows(rows: list[tuple[str, str]], received: list[str], leads: int, unknown: int) -> None:
    assert max(Counter(received).values()) == 1, "a mail was doubled"
    assert len(rows) == len(dict(rows)) == leads
    assert {state for _, state in rows} <= {"sent", "unknown"}, "a mail was lost"
    in_doubt = [email for email, state in rows if state == "unknown"]
    assert len(in_doubt) <= unknown
    assert {email for email, state in rows if state == "sent"} <= set(received), "a row says sent and it was not"
    assert set(received) <= {email for email, _ in rows}


def make_due(campaign: Campaign) -> None:
    """As if what waits had been due for some hours, and its senders had been ready for it as long."""
    past = timezone.now() - timedelta(hours=3)
    Message.objects.filter(campaign=campaign, state="planned").update(due_at=past)
    campaign.senders.update(next_slot_at=past)
