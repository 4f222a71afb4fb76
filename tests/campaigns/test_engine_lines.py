"""Several connections of one sender share its work, its limit, its troubles and its end, and double nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Max, Min
from django.utils import timezone

from campaigns import engine
from campaigns.engine import deliver, lines
from campaigns.models import Campaign, Message
from senders.errors import last_errors
from senders.models import Sender
from senders.services import pause_sender
from senders.transports.smtp import session
from tests.campaigns.launching import Launcher, message_to, only_sender, states
from tests.campaigns.test_engine_deliver import in_thread, on_mail
from tests.providers.smtp import Mail

pytestmark = pytest.mark.django_db(transaction=True)


def test_they_share_the_work_and_each_lead_gets_one_mail(launcher: Launcher) -> None:
    sender = launcher.sender(connections=4)
    launcher.server.delay("END", 0.02)
    campaign = launcher.start(80, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 80}
    assert sorted(launcher.received()) == sorted(f"lead{number}@example.com" for number in range(80))
    assert launcher.server.connections == 4
    assert states(campaign) == {"sent": 80}
    sender.refresh_from_db()
    assert sender.lease is None, "given back when the last one was done"


def test_batches_that_are_smaller_than_its_connections_double_nothing(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 3)
    monkeypatch.setattr(deliver, "BATCH_A_LINE", 0)
    sender = launcher.sender(connections=5)
    launcher.server.delay("END", 0.01)
    launcher.start(40, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 40}
    assert launcher.server.connections == 5
    assert sorted(launcher.received()) == sorted(f"lead{number}@example.com" for number in range(40))


def test_a_connection_that_the_server_closed_is_opened_again_beside_the_others(launcher: Launcher) -> None:
    sender = launcher.sender(connections=4)
    launcher.server.delay("END", 0.01)
    for number in (40, 41, 60):
        launcher.server.drop_at("RCPT", recipient=f"lead{number}@example.com")
    launcher.start(80, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 80}
    assert launcher.server.connections == 4 + 3
    assert sorted(launcher.received()) == sorted(f"lead{number}@example.com" for number in range(80))


def test_one_that_is_silent_does_not_hold_up_the_others(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ANSWER_SECONDS", 1.5)
    sender = launcher.sender(connections=3)
    launcher.server.delay("END", 30, recipient="lead5@example.com", times=1)
    launcher.server.delay("END", 0.01)
    campaign = launcher.start(60, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 59, "unknown": 1}
    unknown = message_to(campaign, "lead5@example.com")
    assert "it did not answer in time" in unknown.error
    times = Message.objects.filter(campaign=campaign, state="sent").aggregate(first=Min("sent_at"), last=Max("sent_at"))
    assert times["last"] - times["first"] < timedelta(seconds=1.5)


def test_a_few_mails_need_one_connection(launcher: Launcher) -> None:
    sender = launcher.sender(connections=4)
    launcher.start(5, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 5}
    assert launcher.server.connections == 1


def test_the_days_limit_holds_over_all_of_them(launcher: Launcher) -> None:
    sender = launcher.sender(connections=5, daily_limit=33)
    launcher.server.delay("END", 0.02)
    campaign = launcher.start(100, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 33}
    assert launcher.server.connections > 1
    assert states(campaign) == {"sent": 33, "planned": 67}


def test_with_a_pause_between_mails_it_is_one(launcher: Launcher) -> None:
    sender = launcher.sender(connections=4, gap_seconds=0.01)
    launcher.start(25, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 25}
    assert launcher.server.connections == 1


def test_where_one_is_throttled_all_of_them_rest(launcher: Launcher) -> None:
    sender = launcher.sender(connections=4)
    launcher.server.delay("END", 0.02)
    launcher.server.reply("RCPT", "450 4.7.28 Too many messages from you", recipient="lead20@example.com")
    campaign = launcher.start(120, senders=[sender])
    drained = engine.drain(sender.pk)
    assert drained.counts["sent"] < 100
    assert states(campaign) == {"sent": drained.counts["sent"], "planned": 120 - drained.counts["sent"]}
    assert message_to(campaign, "lead20@example.com").attempts == 1
    assert Message.objects.filter(state="planned", attempts__gt=0).count() == 1
    sender.refresh_from_db()
    assert (sender.next_slot_at - timezone.now()).total_seconds() > 200


def test_a_server_that_is_silent_makes_three_unknown_and_what_was_on_the_wire(launcher: Launcher) -> None:
    sender = launcher.sender(connections=4)
    launcher.server.drop_at("END", times=None)
    campaign = launcher.start(60, senders=[sender])
    engine.drain(sender.pk)
    assert 3 <= states(campaign)["unknown"] <= 3 + 3
    assert len(set(launcher.received())) == len(launcher.received()) == states(campaign)["unknown"]


def test_a_server_that_takes_only_two_at_once_gets_two(launcher: Launcher) -> None:
    sender = launcher.sender(connections=6)
    launcher.server.most = 2
    launcher.server.delay("END", 0.01)
    launcher.start(80, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 80}
    sender.refresh_from_db()
    assert (sender.state, sender.next_slot_at <= timezone.now()) == ("active", True), "it need not rest"
    assert "No further connection: 421 4.3.2" in last_errors(sender)[0].reason


def test_a_paused_sender_ends_them_all(launcher: Launcher) -> None:
    sender = launcher.sender(connections=4)
    launcher.server.delay("END", 0.05)
    campaign = launcher.start(100, senders=[sender])
    done = on_mail(launcher.server, 8, lambda: pause_sender(sender))
    engine.drain(sender.pk)
    done.join()
    sent = len(launcher.server.mails)
    assert 8 <= sent <= 20
    assert states(campaign) == {"sent": sent, "planned": 100 - sent}
    assert not Message.objects.filter(state="planned", attempts__gt=0).exists()


def test_a_worker_that_stops_finishes_the_mails_in_hand(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = threading.Event()
    monkeypatch.setattr(deliver, "stopping", stopping)
    sender = launcher.sender(connections=4)
    launcher.server.delay("END", 0.05)
    campaign = launcher.start(100, senders=[sender])
    done = on_mail(launcher.server, 8, stopping.set)
    engine.drain(sender.pk)
    done.join()
    sent = len(launcher.server.mails)
    assert states(campaign) == {"sent": sent, "planned": 100 - sent}
    assert sent <= 20


def test_a_process_has_only_so_many_further_connections(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "further", threading.BoundedSemaphore(2))
    sender = launcher.sender(connections=10)
    launcher.server.delay("END", 0.01)
    launcher.start(100, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 100}
    assert launcher.server.connections == 3, "two beside its own"
    assert lines.further._value == 2, "all are back"


def test_more_connections_begin_with_a_fresh_drain(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "BATCH", 5)
    sender = launcher.sender()
    launcher.server.delay("END", 0.02)
    launcher.start(30, senders=[sender])
    done = on_mail(launcher.server, 2, lambda: Sender.objects.update(connections=3))
    assert engine.drain(sender.pk).more
    done.join()
    engine.drain(sender.pk)
    assert len(launcher.received()) == 30
    assert launcher.server.connections > 2


class Acting(list[Mail]):
    """A server's mails: before the one to `recipient` is answered, but with the next one named, `act` is done."""

    def __init__(self, recipient: str, act: Callable[[], Any]) -> None:
        self.recipient, self.act = recipient, act

    def append(self, mail: Mail) -> None:
        super().append(mail)
        if mail.recipients == [self.recipient]:
            in_thread(self.act).join()


def drained_with(launcher: Launcher, act: Callable[[Campaign], Any]) -> Campaign:
    """A campaign to eight leads through a server that pipelines, with `act` while the fourth mail is not answered yet."""
    launcher.server.pipelining = True
    campaign = launcher.start(8)
    launcher.server.mails = Acting("lead3@example.com", lambda: act(campaign))
    engine.drain(only_sender(campaign).pk)
    return campaign


def test_a_mail_that_is_named_ahead_is_offered_once_the_last_one_has_its_outcome(launcher: Launcher) -> None:
    found: list[str] = []

    def look(campaign: Campaign) -> None:
        offered = Message.objects.filter(campaign=campaign, offered_at__isnull=False, state="sending")
        found.extend(offered.values_list("lead__email", flat=True))

    campaign = drained_with(launcher, look)
    assert found == ["lead3@example.com"]
    assert launcher.server.connections == 1
    assert launcher.received() == [f"lead{number}@example.com" for number in range(8)]
    assert states(campaign) == {"sent": 8}


def test_a_mail_that_is_named_ahead_stays_where_its_sender_is_paused(launcher: Launcher) -> None:
    campaign = drained_with(launcher, lambda campaign: pause_sender(only_sender(campaign)))
    assert launcher.received() == [f"lead{number}@example.com" for number in range(4)]
    assert states(campaign) == {"sent": 4, "planned": 4}
    assert not Message.objects.filter(campaign=campaign, state="planned", offered_at__isnull=False).exists()


def test_a_mail_that_is_named_ahead_is_skipped_where_its_lead_has_left(launcher: Launcher) -> None:
    campaign = drained_with(launcher, lambda _: launcher.suppress("lead4@example.com"))
    assert launcher.received() == [f"lead{number}@example.com" for number in range(8) if number != 4]
    assert states(campaign) == {"sent": 7, "skipped": 1}


def test_a_line_that_dies_with_a_mail_named_ahead_leaves_one_in_doubt(launcher: Launcher) -> None:
    launcher.server.pipelining = True
    launcher.server.drop_at("END", recipient="lead3@example.com")
    campaign = launcher.start(8)
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 7, "unknown": 1}
    assert message_to(campaign, "lead3@example.com").state == "unknown"
    assert sorted(launcher.received()) == [f"lead{number}@example.com" for number in range(8)]
