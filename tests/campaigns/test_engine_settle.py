"""What the server says decides what becomes of the message, of the sequence, and of the sender."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.engine.claim import claim
from campaigns.engine.lease import lease_of
from campaigns.engine.settle import MAX_ATTEMPTS, back_off, settlement
from campaigns.engine.write import Settlement, settle_and_offer
from campaigns.models import Message, MessageState, Step
from campaigns.stats import stats
from senders.errors import last_errors
from senders.models import Sender
from senders.transports.base import Deferred, Disconnected, Outcome, Rejected, Sent, Throttled, Unanswered
from tests.campaigns.launching import Launcher, message_to, only_sender, states

pytestmark = pytest.mark.django_db(transaction=True)
LEAD = "lead1@example.com"


def seconds_until(at: datetime | None) -> float:
    assert at is not None
    return (at - timezone.now()).total_seconds()


@pytest.mark.parametrize(
    ("outcome", "state", "counts"),
    [
        (Sent(provider_id="x"), "sent", True),
        (Rejected("550 no"), "failed", True),
        (Unanswered("silence"), "unknown", True),
        (Deferred("451 later"), "planned", True),
        (Throttled("421 slow down", 60), "planned", True),
        (Throttled("421 too busy", 60, connecting=True), "planned", False),
        (Disconnected("535 who are you"), "planned", False),
    ],
)
def test_the_table_from_outcome_to_state(outcome: Outcome, state: str, counts: bool) -> None:
    found = settlement(7, 1, outcome, gap=3)
    assert (found.message, found.state, found.give_back) == (7, state, 0 if counts else 1)
    assert found.error == getattr(outcome, "reason", "")
    assert found.gap == (3 if state in {"sent", "failed", "unknown"} else 0), "a pause follows what went out"


@pytest.mark.parametrize("outcome", [Deferred("451 later"), Throttled("450 4.7.1 later")])
def test_what_is_put_off_is_given_up_after_the_last_attempt(outcome: Deferred | Throttled) -> None:
    found = settlement(7, MAX_ATTEMPTS, outcome, gap=0)
    assert found.state == MessageState.FAILED
    assert found.error == f"Gave up after {MAX_ATTEMPTS} attempts: {outcome.reason}"


def test_a_server_that_lets_nobody_in_costs_no_message_an_attempt() -> None:
    found = settlement(7, MAX_ATTEMPTS, Throttled("421 too busy", connecting=True), gap=0)
    assert (found.state, found.give_back) == (MessageState.PLANNED, 1)


def test_back_off_grows_and_respects_what_the_server_asks() -> None:
    waits = [back_off(attempts, None) for attempts in range(1, MAX_ATTEMPTS)]
    assert waits == sorted(waits)
    assert 45 <= waits[0] <= 75
    assert waits[-1] > 3 * 3600
    assert back_off(1, 7200) == 7200


def test_an_address_refused_for_good_fails_with_the_servers_words_and_counts_as_a_bounce(launcher: Launcher) -> None:
    launcher.server.reply("RCPT", "550 5.1.1 No such user here", recipient=LEAD)
    campaign = launcher.start(3)
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 2, "failed": 1}
    failed = message_to(campaign, LEAD)
    assert (failed.state, failed.error) == ("failed", "550 5.1.1 No such user here")
    assert failed.bounced_at is not None
    assert (failed.enrollment.state, failed.enrollment.reason) == ("stopped", "failed")
    assert stats(campaign).bounced == 1


@pytest.mark.parametrize(
    ("stage", "answer"), [("END", "554 5.7.1 Looks like spam"), ("RCPT", "550 Mailbox unavailable, try later or never")]
)
def test_a_refusal_for_other_reasons_is_no_bounce(launcher: Launcher, stage: str, answer: str) -> None:
    launcher.server.reply(stage, answer, recipient=LEAD)
    campaign = launcher.start(3)
    engine.drain(only_sender(campaign).pk)
    failed = message_to(campaign, LEAD)
    assert (failed.state, failed.error, failed.bounced_at) == ("failed", answer, None)
    assert (failed.enrollment.state, failed.enrollment.reason) == ("stopped", "failed")
    assert states(campaign) == {"sent": 2, "failed": 1}


def test_a_deferred_message_backs_off_and_goes_out_later(launcher: Launcher) -> None:
    launcher.server.reply("RCPT", "450 4.2.0 Greylisted, try again", recipient=LEAD, times=1)
    campaign = launcher.start(3)
    sender = only_sender(campaign).pk
    assert engine.drain(sender).counts == {"sent": 2, "planned": 1}
    waiting = message_to(campaign, LEAD)
    assert (waiting.state, waiting.attempts, waiting.offered_at) == ("planned", 1, None)
    assert 40 < seconds_until(waiting.due_at) < 80
    assert "Greylisted" in waiting.error
    assert engine.drain(sender).counts == {}, "not before its time"
    Message.objects.filter(pk=waiting.pk).update(due_at=timezone.now())
    assert engine.drain(sender).counts == {"sent": 1}
    sent = message_to(campaign, LEAD)
    assert (sent.state, sent.attempts, sent.error) == ("sent", 2, "")
    assert sent.message_id == waiting.message_id, "the Message-ID never changes"
    assert launcher.received().count(LEAD) == 1


def test_a_throttled_sender_rests_and_only_the_mail_in_hand_was_tried(launcher: Launcher) -> None:
    launcher.server.reply("RCPT", "450 4.7.28 Too many messages from you", recipient=LEAD)
    campaign = launcher.start(3)
    sender = only_sender(campaign)
    assert engine.drain(sender.pk).counts == {"sent": 1, "planned": 1}
    sender.refresh_from_db()
    assert 200 < seconds_until(sender.next_slot_at) < 310
    assert "Too many messages" in sender.last_error
    assert sender.state == "active"
    assert states(campaign) == {"sent": 1, "planned": 2}
    assert {lead: message_to(campaign, lead).attempts for lead in (LEAD, "lead2@example.com")} == {
        LEAD: 1,
        "lead2@example.com": 0,
    }
    assert engine.senders_with_work() == []


def test_one_recipient_that_every_time_makes_the_sender_rest_is_given_up(launcher: Launcher) -> None:
    launcher.server.reply("RCPT", "450 4.7.28 Too many messages from you", recipient=LEAD)
    campaign = launcher.start(3)
    sender = only_sender(campaign)
    for _ in range(MAX_ATTEMPTS):
        engine.drain(sender.pk)
        Sender.objects.update(next_slot_at=timezone.now())
        assert Message.objects.filter(state="planned", attempts__gt=0, due_at__lte=timezone.now()).count() == 0
        Message.objects.filter(lead__email=LEAD).update(due_at=timezone.now())
    assert engine.drain(sender.pk).counts == {}
    assert states(campaign) == {"sent": 2, "failed": 1}
    assert message_to(campaign, LEAD).error.startswith(f"Gave up after {MAX_ATTEMPTS} attempts: 450 4.7.28")
    engine.finish()
    campaign.refresh_from_db()
    assert campaign.state == "finished"


def test_a_server_that_refuses_the_connection_again_and_again_fails_no_message(launcher: Launcher) -> None:
    launcher.server.reply("CONNECT", "421 4.3.2 Too busy")
    campaign = launcher.start(2)
    for _ in range(MAX_ATTEMPTS + 1):
        engine.drain(only_sender(campaign).pk)
        Sender.objects.update(next_slot_at=timezone.now())
    launcher.server.forget()
    assert engine.drain(only_sender(campaign).pk).counts == {"sent": 2}


def test_a_disconnected_sender_stops_alone_and_says_why(launcher: Launcher) -> None:
    good, bad = launcher.sender("good"), launcher.sender("bad", port=1)
    launcher.server.reply("MAIL", "550 5.7.60 Client does not have permissions to send as this sender", times=1)
    Sender.objects.filter(pk=bad.pk).update(port=launcher.server.port)
    campaign = launcher.start(4, senders=[good, bad])
    engine.drain(bad.pk)
    bad.refresh_from_db()
    assert bad.state == "disconnected"
    assert "5.7.60" in bad.state_reason
    assert engine.senders_with_work() == [good.pk]
    assert engine.drain(good.pk).counts == {"sent": 2}
    assert states(campaign) == {"sent": 2, "planned": 2}
    assert set(Message.objects.filter(state="planned").values_list("attempts", flat=True)) == {0}


def test_a_refused_sign_in_disconnects_before_anything_is_offered(launcher: Launcher) -> None:
    launcher.server.credentials = ("alice", "right")
    launcher.server.open_auth = True
    sender = launcher.sender(username="alice", password="wrong")
    campaign = launcher.start(2, senders=[sender])
    engine.drain(sender.pk)
    sender.refresh_from_db()
    assert sender.state == "disconnected"
    assert "535" in sender.state_reason
    assert sender.notice_due, "its owners are told"
    assert [error.reason for error in last_errors(sender)] == [sender.state_reason]
    assert states(campaign) == {"planned": 2}
    assert not Message.objects.filter(offered_at__isnull=False).exists()


def test_a_secret_that_does_not_open_disconnects_and_asks_for_it_again(launcher: Launcher) -> None:
    sender = launcher.sender(username="alice", password="secret")
    Sender.objects.filter(pk=sender.pk).update(secret=b"not what the vault wrote, by far")
    campaign = launcher.start(2, senders=[sender])
    engine.drain(sender.pk)
    sender.refresh_from_db()
    assert sender.state == "disconnected"
    assert "enter it again" in sender.state_reason
    assert states(campaign) == {"planned": 2}


def test_a_server_that_is_away_lets_the_sender_rest_and_loses_nothing(launcher: Launcher) -> None:
    launcher.server.stop()
    campaign = launcher.start(2)
    sender = only_sender(campaign)
    engine.drain(sender.pk)
    sender.refresh_from_db()
    assert sender.state == "active"
    assert 10 < seconds_until(sender.next_slot_at) < 21
    assert states(campaign) == {"planned": 2}
    launcher.server.start()
    Sender.objects.update(next_slot_at=timezone.now())
    assert engine.drain(sender.pk).counts == {"sent": 2}


def test_an_unanswered_message_is_unknown_and_never_sent_again_by_itself(launcher: Launcher) -> None:
    launcher.server.drop_at("END", recipient=LEAD)
    campaign = launcher.start(3)
    sender = only_sender(campaign).pk
    assert engine.drain(sender).counts == {"sent": 2, "unknown": 1}
    for _ in range(3):
        engine.recover_abandoned()
        engine.plan()
        assert engine.drain(sender).counts == {}
    assert message_to(campaign, LEAD).state == "unknown"
    assert launcher.received().count(LEAD) == 1


def test_a_server_that_answers_nobody_makes_three_unknown_not_all(launcher: Launcher) -> None:
    launcher.server.drop_at("END", times=None)
    campaign = launcher.start(30)
    sender = only_sender(campaign)
    engine.drain(sender.pk)
    assert states(campaign) == {"unknown": 3, "planned": 27}
    sender.refresh_from_db()
    assert seconds_until(sender.next_slot_at) > 200
    assert "3 mails in a row" in sender.last_error


def test_a_server_that_takes_nothing_from_anybody_makes_the_sender_rest(launcher: Launcher) -> None:
    launcher.server.reply("DATA", "451 4.3.0 Later")
    campaign = launcher.start(60)
    engine.drain(only_sender(campaign).pk)
    assert Message.objects.filter(campaign=campaign, attempts=1).count() == 20
    assert Message.objects.filter(campaign=campaign, attempts=0, due_at__lte=timezone.now()).count() == 40
    assert engine.senders_with_work() == []


def test_trouble_with_some_does_not_add_up(launcher: Launcher) -> None:
    for number in range(0, 60, 2):
        launcher.server.reply("RCPT", "450 4.2.0 Greylisted", recipient=f"lead{number}@example.com")
    campaign = launcher.start(60)
    engine.drain(only_sender(campaign).pk)
    assert states(campaign) == {"sent": 30, "planned": 30}


def test_after_the_last_step_a_sequence_is_finished(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    engine.drain(only_sender(campaign).pk)
    enrollment = campaign.enrollments.get()
    assert (enrollment.state, enrollment.next_position, enrollment.due_at) == ("finished", 2, None)


def test_before_the_next_step_it_waits_as_long_as_that_step_says(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    Step.objects.create(organisation=launcher.acme, campaign=campaign, position=2, delay_hours=2.5)
    engine.drain(only_sender(campaign).pk)
    enrollment = campaign.enrollments.get()
    assert (enrollment.state, enrollment.next_position) == ("active", 2)
    assert 8900 < seconds_until(enrollment.due_at) <= 9000
    engine.finish()
    campaign.refresh_from_db()
    assert campaign.state == "running"


def test_a_sequence_that_was_stopped_meanwhile_stays_so(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    Step.objects.create(organisation=launcher.acme, campaign=campaign, position=2)
    sender = only_sender(campaign)
    with lease_of(sender.pk) as lease:
        assert lease is not None
        (claimed,) = claim(sender, lease, [campaign.pk], 1)
        assert settle_and_offer(lease, [], [claimed.id])
        campaign.enrollments.update(state="stopped", reason="unsubscribed", due_at=None)
        settle_and_offer(lease, [Settlement(claimed.id, MessageState.SENT)])
    enrollment = campaign.enrollments.get()
    assert (enrollment.state, enrollment.reason, enrollment.due_at) == ("stopped", "unsubscribed", None)
    assert states(campaign) == {"sent": 1}


def test_settling_twice_counts_once(launcher: Launcher) -> None:
    """As it happens where the connection to PostgreSQL goes between its commit and its answer."""
    campaign = launcher.start(2)
    sender = only_sender(campaign)
    with lease_of(sender.pk) as lease:
        assert lease is not None
        one, two = claim(sender, lease, [campaign.pk], 2)
        assert settle_and_offer(lease, [], [one.id])
        done = Settlement(one.id, MessageState.PLANNED, "later", 60, give_back=1)
        assert settle_and_offer(lease, [done], [two.id])
        due_at = Message.objects.get(pk=one.id).due_at
        assert settle_and_offer(lease, [done], [two.id]), "still ours to offer"
        assert Message.objects.get(pk=one.id).due_at == due_at
        assert Message.objects.get(pk=one.id).attempts == 0


def test_a_server_that_talks_nonsense_harms_no_row(launcher: Launcher) -> None:
    launcher.server.reply(
        "RCPT", "550 5.7.1 \x00\x07 no Ünicode\udcff".encode("utf-8", "surrogateescape").decode("latin-1")
    )
    campaign = launcher.start(1)
    engine.drain(only_sender(campaign).pk)
    assert states(campaign) == {"failed": 1}


def test_a_late_answer_counts_where_the_lease_had_run_out(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    sender = only_sender(campaign)
    with lease_of(sender.pk) as lease:
        assert lease is not None
        (claimed,) = claim(sender, lease, [campaign.pk], 1)
        assert settle_and_offer(lease, [], [claimed.id])
        Sender.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        engine.recover_abandoned()
        assert states(campaign) == {"unknown": 1}
        settle_and_offer(lease, [Settlement(claimed.id, MessageState.SENT)])
    assert states(campaign) == {"sent": 1}
