"""A mail server that hangs up, at whatever stage: nothing lost, nothing doubled, in doubt only what it was given whole."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.models import Message
from senders.models import Sender
from tests.campaigns.launching import Launcher, message_to, only_sender, states
from tests.faults.healing import SOON, wait_until_over

pytestmark = pytest.mark.django_db(transaction=True)
LEAD = "lead3@example.com"


def until_done(launcher: Launcher, sender: int) -> None:
    """Drain again and again, as if every wait had passed; the sender itself never has to wait for long."""
    for _ in range(8):
        engine.recover_abandoned()
        engine.drain(sender)
        assert Sender.objects.get(pk=sender).next_slot_at < timezone.now() + timedelta(seconds=SOON)
        Sender.objects.update(next_slot_at=timezone.now())
        Message.objects.filter(state="planned").update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one by one"])
@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"])
def test_before_the_end_of_the_data_it_goes_out_later(launcher: Launcher, stage: str, pipelining: bool) -> None:
    launcher.server.pipelining = pipelining
    launcher.server.drop_at(stage, recipient=LEAD if stage in {"RCPT", "DATA"} else None, times=2)
    campaign = launcher.start(6)
    until_done(launcher, only_sender(campaign).pk)
    assert states(campaign) == {"sent": 6}
    assert Counter(launcher.received()) == Counter({f"lead{number}@example.com": 1 for number in range(6)})


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one by one"])
@pytest.mark.parametrize("stage", ["BODY", "END"])
def test_once_it_was_given_whole_it_is_in_doubt_and_the_others_go_on(
    launcher: Launcher, stage: str, pipelining: bool
) -> None:
    """BODY: the server hung up after the first line, but our side had handed over everything by then."""
    launcher.server.pipelining = pipelining
    launcher.server.drop_at(stage, recipient=LEAD, times=2)
    campaign = launcher.start(6)
    until_done(launcher, only_sender(campaign).pk)
    assert states(campaign) == {"sent": 5, "unknown": 1}
    assert "did not answer" in message_to(campaign, LEAD).error
    assert max(Counter(launcher.received()).values()) == 1


def test_a_server_that_dies_and_comes_back_gets_the_rest(launcher: Launcher) -> None:
    launcher.server.delay("END", 0.01)
    campaign = launcher.start(20)
    sender = only_sender(campaign).pk
    launcher.server.reply("MAIL", "421 4.3.2 Shutting down", times=1)
    engine.drain(sender)
    launcher.server.stop()
    Sender.objects.update(next_slot_at=timezone.now())
    engine.drain(sender)
    launcher.server.start()
    until_done(launcher, sender)
    assert states(campaign) == {"sent": 20}
    assert max(Counter(launcher.received()).values()) == 1


def test_a_server_that_was_away_gets_the_rest_soon_after_its_return(launcher: Launcher) -> None:
    """In real time: nobody touches the rows."""
    campaign = launcher.start(6)
    launcher.server.stop()
    engine.drain(only_sender(campaign).pk)
    assert states(campaign) == {"planned": 6}
    launcher.server.start()
    wait_until_over(campaign, SOON)
    assert states(campaign) == {"sent": 6}
    assert len(launcher.received()) == 6


def test_a_hang_up_at_helo_where_the_server_knows_no_ehlo(launcher: Launcher) -> None:
    launcher.server.reply("EHLO", "502 5.5.1 What?")
    launcher.server.drop_at("HELO", times=2)
    campaign = launcher.start(6)
    until_done(launcher, only_sender(campaign).pk)
    assert states(campaign) == {"sent": 6}
    assert max(Counter(launcher.received()).values()) == 1


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one by one"])
def test_a_hang_up_at_rset_after_a_refusal_costs_nobody_else_a_mail(launcher: Launcher, pipelining: bool) -> None:
    launcher.server.pipelining = pipelining
    launcher.server.reply("RCPT", "550 5.7.9 Not this one", recipient=LEAD)
    launcher.server.drop_at("RSET")
    campaign = launcher.start(6)
    until_done(launcher, only_sender(campaign).pk)
    assert states(campaign) == {"sent": 5, "failed": 1}
    assert message_to(campaign, LEAD).state == "failed"
    assert max(Counter(launcher.received()).values()) == 1


@pytest.mark.parametrize("stage", ["STARTTLS", "AUTH"])
def test_while_signing_in_nothing_is_offered(launcher: Launcher, stage: str) -> None:
    launcher.server.stop()
    launcher.server.starttls = True
    launcher.server.credentials = ("alice", "secret")
    launcher.server.start()
    launcher.server.drop_at(stage, times=1)
    sender = launcher.sender(security="starttls", username="alice", password="secret")
    campaign = launcher.start(3, senders=[sender])
    engine.drain(sender.pk)
    assert states(campaign) == {"planned": 3}
    assert not Message.objects.filter(offered_at__isnull=False).exists()
    until_done(launcher, sender.pk)
    assert states(campaign) == {"sent": 3}
