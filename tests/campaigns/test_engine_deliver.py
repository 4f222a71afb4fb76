"""A drain sends each message exactly once, one at a time, and lets one lead's trouble be that lead's alone."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import engine
from campaigns.engine import deliver
from campaigns.models import Campaign, CampaignState, Message
from campaigns.services import pause_campaign, resume_campaign, stop_campaign
from campaigns.wording import StepContent
from leads.models import Lead
from leads.services import save_lead
from senders.models import Sender
from senders.services import pause_sender, save_sender
from tests.campaigns.launching import Launcher, message_to, only_sender, states
from tests.providers.smtp import SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)

CLOSED = {"days": [(timezone.now().weekday() + 3) % 7], "start": "00:00", "end": "00:00", "time_zone": "UTC"}


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    """`work` in a thread of its own, its database connection closed at the end."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def on_mail(server: SmtpServer, number: int, act: Callable[[], Any]) -> threading.Thread:
    """Do something as soon as the server has taken so many mails."""

    def watch() -> None:
        until(lambda: len(server.mails) >= number)
        act()

    return in_thread(watch)


def test_each_lead_gets_one_mail_over_one_connection(launcher: Launcher) -> None:
    campaign = launcher.start(250)
    drained = engine.drain(only_sender(campaign).pk)
    assert drained.counts == {"sent": 250}
    assert sorted(launcher.received()) == sorted(f"lead{number}@example.com" for number in range(250))
    assert launcher.server.connections == 1
    assert states(campaign) == {"sent": 250}
    assert engine.drain(only_sender(campaign).pk).counts == {}


def test_the_mail_carries_the_rows_message_id_and_the_rows_say_when_it_went(launcher: Launcher) -> None:
    before = timezone.now()
    campaign = launcher.start(3)
    engine.drain(only_sender(campaign).pk)
    for mail in launcher.server.mails:
        message = message_to(campaign, mail.recipients[0])
        assert f"Message-ID: <{message.message_id}>\r\n".encode() in mail.data
        assert message.offered_at is not None
        assert message.sent_at is not None
        assert before <= message.offered_at <= message.sent_at
        assert message.attempts == 1


def test_a_template_that_fails_for_one_lead_fails_only_that_message(launcher: Launcher) -> None:
    lead = launcher.people(3).leads.get(email="lead1@example.com")
    Lead.objects.filter(pk=lead.pk).update(first_name="")
    campaign = launcher.start(3, steps=[StepContent(subject="Hello {{ first_name }}", body_text="Hi")])
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 2, "failed": 1}
    failed = message_to(campaign, "lead1@example.com")
    assert (failed.state, failed.offered_at) == ("failed", None)
    assert "no first_name" in failed.error
    assert failed.enrollment.state == "stopped"
    assert "lead1@example.com" not in launcher.received()


@pytest.mark.parametrize(
    "broken", [["lead0@example.com"], ["lead2@example.com"], ["lead0@example.com", "lead2@example.com"]]
)
def test_it_does_not_matter_which_one_fails(launcher: Launcher, broken: list[str]) -> None:
    launcher.people(3)
    Lead.objects.filter(email__in=broken).update(first_name="")
    campaign = launcher.start(3, steps=[StepContent(subject="Hello {{ first_name }}", body_text="Hi")])
    engine.drain(only_sender(campaign).pk)
    assert states(campaign) == {"sent": 3 - len(broken), "failed": len(broken)}


def test_our_own_fault_fails_the_message_and_says_where_to_look(launcher: Launcher) -> None:
    campaign = launcher.start(2)
    Lead.objects.filter(email="lead1@example.com").update(fields=["not", "what we wrote"])
    engine.drain(only_sender(campaign).pk)
    assert states(campaign) == {"sent": 1, "failed": 1}
    assert message_to(campaign, "lead1@example.com").error == "eCRM could not build this mail: see its log."


def test_a_lead_suppressed_after_planning_is_skipped(launcher: Launcher) -> None:
    campaign = launcher.start(3)
    launcher.suppress("lead1@example.com")
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 2, "skipped": 1}
    skipped = message_to(campaign, "lead1@example.com")
    assert (skipped.state, skipped.error) == ("skipped", "The lead is on the suppression list.")
    assert "lead1@example.com" not in launcher.received()


def test_the_mails_to_a_domain_suppressed_after_planning_are_skipped_and_their_sequences_stop(
    launcher: Launcher,
) -> None:
    people = launcher.people(3)
    save_lead(people.leads.get(email="lead2@example.com"), {"email": "lead2@mail.example.org"})
    campaign = launcher.start(lists=[people])
    launcher.suppress("example.org")
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 2, "skipped": 1}
    skipped = message_to(campaign, "lead2@mail.example.org")
    assert (skipped.error, skipped.enrollment.state) == ("The lead is on the suppression list.", "stopped")


def test_a_lead_suppressed_between_claim_and_offer_is_skipped(launcher: Launcher) -> None:
    campaign = launcher.start(20)
    launcher.server.delay("END", 0.05)
    done = on_mail(launcher.server, 3, lambda: launcher.suppress("lead15@example.com"))
    engine.drain(only_sender(campaign).pk)
    done.join()
    assert states(campaign) == {"sent": 19, "skipped": 1}
    assert "lead15@example.com" not in launcher.received()


def test_a_sequence_stopped_between_claim_and_offer_is_skipped(launcher: Launcher) -> None:
    campaign = launcher.start(20)
    launcher.server.delay("END", 0.05)
    reply = campaign.enrollments.filter(lead__email="lead15@example.com")
    done = on_mail(launcher.server, 3, lambda: reply.update(state="stopped", reason="replied"))
    engine.drain(only_sender(campaign).pk)
    done.join()
    skipped = message_to(campaign, "lead15@example.com")
    assert (skipped.state, skipped.error) == ("skipped", "The sequence was stopped for this lead.")
    assert skipped.enrollment.reason == "replied", "why it stopped is not overwritten"


@pytest.mark.parametrize("act", [pause_campaign, stop_campaign])
def test_pause_and_stop_act_between_two_messages(launcher: Launcher, act: Callable[[Campaign], Any]) -> None:
    campaign = launcher.start(50)
    launcher.server.delay("END", 0.05)
    done = on_mail(launcher.server, 5, lambda: act(Campaign.objects.get(pk=campaign.pk)))
    engine.drain(only_sender(campaign).pk)
    done.join()
    assert 5 <= len(launcher.server.mails) <= 8
    engine.finish()
    rest = 50 - len(launcher.server.mails)
    assert states(campaign) == {
        "sent": 50 - rest,
        "planned" if act is pause_campaign else "skipped": rest,
    }
    assert not Message.objects.exclude(state="sent").filter(attempts__gt=0).exists(), "nothing was tried"


def test_a_resumed_campaign_goes_on_where_it_was(launcher: Launcher) -> None:
    campaign = launcher.start(4)
    pause_campaign(campaign)
    assert engine.drain(only_sender(campaign).pk).counts == {}
    resume_campaign(campaign)
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 4}


def test_a_paused_campaign_does_not_hold_up_the_senders_others(launcher: Launcher) -> None:
    sender = launcher.sender()
    first, second = launcher.start(5, senders=[sender]), launcher.start(5, senders=[sender])
    launcher.server.delay("END", 0.05)
    done = on_mail(launcher.server, 1, lambda: pause_campaign(Campaign.objects.get(pk=first.pk)))
    engine.drain(sender.pk)
    done.join()
    assert states(second) == {"sent": 5}
    assert states(first)["planned"] >= 3


def test_a_paused_sender_stops_between_two_messages(launcher: Launcher) -> None:
    campaign = launcher.start(30)
    sender = only_sender(campaign)
    launcher.server.delay("END", 0.05)
    done = on_mail(launcher.server, 3, lambda: pause_sender(sender))
    engine.drain(sender.pk)
    done.join()
    assert 3 <= len(launcher.server.mails) <= 6
    assert states(campaign) == {"sent": len(launcher.server.mails), "planned": 30 - len(launcher.server.mails)}


def test_of_two_drains_at_once_one_sends(launcher: Launcher) -> None:
    campaign = launcher.start(40)
    launcher.server.delay("END", 0.01)
    sender = only_sender(campaign).pk
    results: list[dict[str, int]] = []
    threads = [in_thread(lambda: results.append(engine.drain(sender).counts)) for _ in range(4)]
    for thread in threads:
        thread.join()
    assert sorted(results, key=len) == [{}, {}, {}, {"sent": 40}]
    assert launcher.server.connections == 1
    assert len(set(launcher.received())) == len(launcher.received()) == 40


def test_senders_run_side_by_side(launcher: Launcher) -> None:
    senders = [launcher.sender(name) for name in ("one", "two", "three")]
    campaign = launcher.start(9, senders=senders)
    threads = [in_thread(lambda pk=sender.pk: engine.drain(pk)) for sender in senders]  # type: ignore[misc]
    for thread in threads:
        thread.join()
    assert sorted(launcher.received()) == [f"lead{number}@example.com" for number in range(9)]
    froms = [mail.envelope_from for mail in launcher.server.mails]
    assert {address: froms.count(address) for address in froms} == {
        "one@acme.example": 3,
        "two@acme.example": 3,
        "three@acme.example": 3,
    }
    assert states(campaign) == {"sent": 9}


def test_the_daily_limit_ends_the_day(launcher: Launcher) -> None:
    sender = launcher.sender(daily_limit=4)
    campaign = launcher.start(6, senders=[sender])
    assert engine.drain(sender.pk).counts == {"sent": 4}
    assert states(campaign) == {"sent": 4, "planned": 2}
    assert engine.senders_with_work() == [], "it rests"
    Sender.objects.update(next_slot_at=timezone.now())
    assert engine.drain(sender.pk).counts == {}
    Message.objects.filter(state="sent").update(sent_at=timezone.now() - timedelta(hours=25))
    Sender.objects.update(next_slot_at=timezone.now())
    assert engine.drain(sender.pk).counts == {"sent": 2}


def test_a_long_gap_frees_the_thread_until_the_next_slot(launcher: Launcher) -> None:
    sender = launcher.sender(gap_seconds=30)
    campaign = launcher.start(3, senders=[sender])
    before = timezone.now()
    assert engine.drain(sender.pk).counts == {"sent": 1}
    assert states(campaign) == {"sent": 1, "planned": 2}
    sender.refresh_from_db()
    assert 24 <= (sender.next_slot_at - before).total_seconds() < 41, "30 seconds, give or take a fifth"
    assert engine.drain(sender.pk).counts == {}, "not before its slot"


def test_a_short_gap_is_waited_out_over_the_open_connection(launcher: Launcher) -> None:
    sender = launcher.sender(gap_seconds=0.2)
    campaign = launcher.start(4, senders=[sender])
    started = time.monotonic()
    assert engine.drain(sender.pk).counts == {"sent": 4}
    assert time.monotonic() - started > 0.48
    assert launcher.server.connections == 1
    sent = sorted(message.sent_at for message in Message.objects.filter(campaign=campaign) if message.sent_at)
    assert all((after - before).total_seconds() > 0.15 for before, after in pairwise(sent))


def test_outside_the_senders_or_the_campaigns_hours_nothing_goes(launcher: Launcher) -> None:
    sender = launcher.sender(window=CLOSED)
    campaign = launcher.start(2, senders=[sender])
    assert engine.drain(sender.pk).counts == {}
    Sender.objects.update(window=None)
    Campaign.objects.update(window=CLOSED)
    assert engine.drain(sender.pk).counts == {}
    assert launcher.server.connections == 0, "and nobody is called on in vain"
    Campaign.objects.update(window=None)
    assert engine.drain(sender.pk).counts == {"sent": 2}
    assert states(campaign) == {"sent": 2}


@pytest.mark.parametrize("whose", ["sender", "campaign"])
def test_hours_that_end_within_a_batch_end_it(launcher: Launcher, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    """The clock is moved; the hours are eight to twenty, and the third mail takes until after twenty."""
    window = {"days": list(range(7)), "start": "08:00", "end": "20:00", "time_zone": "UTC"}
    late = threading.Event()

    def now() -> datetime:
        return datetime(2026, 5, 4, 20 if late.is_set() else 12, 1, tzinfo=UTC)

    campaign = launcher.start(20)
    sender = only_sender(campaign)
    (Sender.objects if whose == "sender" else Campaign.objects).update(window=window)
    other = launcher.start(20, senders=[sender])
    launcher.server.delay("END", 0.05)
    monkeypatch.setattr(deliver, "timezone", SimpleNamespace(now=now))
    done = on_mail(launcher.server, 3, late.set)
    engine.drain(sender.pk)
    done.join()
    sent = states(campaign)["sent"]
    assert 3 <= sent <= 5
    assert states(campaign) == {"sent": sent, "planned": 20 - sent}
    assert states(other) == ({"planned": 20} if whose == "sender" else {"sent": 20}), "who may still send does"
    assert not Message.objects.filter(state="planned", attempts__gt=0).exists()


def test_a_drain_goes_on_past_its_turn_while_nobody_waits(launcher: Launcher) -> None:
    campaign = launcher.start(30)
    launcher.server.delay("END", 0.02)
    drained = engine.drain(only_sender(campaign).pk, seconds=0.1)
    assert (drained.counts, drained.more) == ({"sent": 30}, False)
    assert launcher.server.connections == 1


def test_a_drain_hands_over_where_another_sender_waits(launcher: Launcher) -> None:
    campaign = launcher.start(30)
    launcher.start(1, senders=[launcher.sender("waiting")])
    launcher.server.delay("END", 0.02)
    drained = engine.drain(only_sender(campaign).pk, seconds=0.15)
    assert drained.more
    assert 1 <= drained.counts["sent"] < 15
    assert states(campaign)["planned"] == 30 - drained.counts["sent"], "what it held is given back"


def test_a_worker_that_stops_finishes_the_mail_in_hand(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = threading.Event()
    monkeypatch.setattr(deliver, "stopping", stopping)
    campaign = launcher.start(30)
    launcher.server.delay("END", 0.05)
    done = on_mail(launcher.server, 2, stopping.set)
    engine.drain(only_sender(campaign).pk)
    done.join()
    sent = len(launcher.server.mails)
    assert 2 <= sent <= 4
    assert states(campaign) == {"sent": sent, "planned": 30 - sent}


def test_a_sender_that_was_changed_meanwhile_starts_afresh(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "BATCH", 5)
    campaign = launcher.start(15)
    sender = only_sender(campaign)
    launcher.server.delay("END", 0.03)
    done = on_mail(launcher.server, 2, lambda: save_sender(sender, {"name": "Alice the Second"}))
    drained = engine.drain(sender.pk)
    done.join()
    assert drained.more
    assert drained.counts == {"sent": 5}
    engine.drain(sender.pk)
    names = [b"Alice the Second" in mail.data for mail in launcher.server.mails]
    assert names == [False] * 5 + [True] * 10
    assert launcher.server.connections == 2


def test_a_limit_that_was_changed_meanwhile_counts_from_the_next_batch(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 5)
    campaign = launcher.start(20)
    launcher.server.delay("END", 0.03)
    done = on_mail(launcher.server, 2, lambda: Sender.objects.update(daily_limit=7))
    engine.drain(only_sender(campaign).pk)
    done.join()
    assert states(campaign) == {"sent": 7, "planned": 13}


def test_the_unsubscribed_get_nothing_more(launcher: Launcher) -> None:
    first = launcher.start(3)
    engine.drain(only_sender(first).pk)
    launcher.suppress("lead0@example.com")
    second = launcher.start(3, senders=[only_sender(first)])
    engine.drain(only_sender(first).pk)
    assert states(second) == {"sent": 2}
    assert launcher.received().count("lead0@example.com") == 1


def test_a_stopped_campaign_is_never_drained(launcher: Launcher) -> None:
    campaign = launcher.start(2)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.STOPPED)
    assert engine.drain(only_sender(campaign).pk).counts == {}
    assert launcher.server.mails == []
