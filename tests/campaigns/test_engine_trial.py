"""A test mail is the step as a lead would get it, and counts nowhere."""

import email
import email.policy
import re
import time

import pytest

from campaigns import engine
from campaigns.engine import trial
from campaigns.models import Campaign, Message, Variant
from campaigns.rendering import RenderError
from leads.models import Lead
from senders.models import Sender
from senders.transports.base import Deferred, Disconnected, Rejected, Sent, Throttled, Unanswered
from tests.campaigns.launching import Launcher, only_sender, states
from tracking.consumer import parse, store
from tracking.intake import Hit
from tracking.models import Event
from tracking.tokens import OPEN, Mark, read_token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign(launcher: Launcher) -> Campaign:
    return launcher.start(1)


@pytest.fixture
def lead(campaign: Campaign) -> Lead:
    return Lead.objects.get()


def variant(campaign: Campaign) -> Variant:
    return Variant.objects.get(step__campaign=campaign)


def test_it_says_what_the_lead_would_read_and_goes_to_oneself(
    launcher: Launcher, campaign: Campaign, lead: Lead
) -> None:
    (outcome,) = engine.send_test(campaign, [variant(campaign)], lead, only_sender(campaign), "alice@acme.example")
    assert isinstance(outcome, Sent)
    (mail,) = launcher.server.mails
    assert mail.recipients == ["alice@acme.example"]
    message = email.message_from_bytes(mail.data, policy=email.policy.default)
    assert message["Subject"] == "Hello Lead 0"
    assert message["To"].addresses[0].addr_spec == "alice@acme.example"
    assert lead.email.encode() not in mail.data


def test_nothing_is_counted_for_it(launcher: Launcher, campaign: Campaign, lead: Lead) -> None:
    engine.send_test(campaign, [variant(campaign)], lead, only_sender(campaign), "alice@acme.example")
    assert states(campaign) == {"planned": 1}
    assert Message.objects.get().attempts == 0
    pixel = re.search(rb"/t/o/([\w-]+)=?\r?\n?([\w-]*)", launcher.server.mails[0].data.replace(b"=\r\n", b""))
    assert pixel is not None
    mark = read_token(OPEN, pixel[1].decode())
    assert mark == Mark(launcher.acme.pk, 0, 0)
    fields = Hit("opened", mark).fields(1.0)
    assert parse(fields) is None
    store([fields])
    assert not Event.objects.exists()


def test_a_template_that_fails_raises_with_the_reason(launcher: Launcher, campaign: Campaign, lead: Lead) -> None:
    Variant.objects.update(subject="{{ nothing }}")
    with pytest.raises(RenderError, match="no nothing"):
        engine.send_test(campaign, [variant(campaign)], lead, only_sender(campaign), "alice@acme.example")
    assert launcher.server.mails == []


def test_what_the_server_says_comes_back(launcher: Launcher, campaign: Campaign, lead: Lead) -> None:
    launcher.server.reply("RCPT", "550 5.1.1 No such user")
    (outcome,) = engine.send_test(campaign, [variant(campaign)], lead, only_sender(campaign), "nobody@acme.example")
    assert outcome == Rejected("550 5.1.1 No such user")


def test_no_server_and_no_secret_are_outcomes_too(launcher: Launcher, campaign: Campaign, lead: Lead) -> None:
    sender = only_sender(campaign)
    Sender.objects.filter(pk=sender.pk).update(secret=b"not what the vault wrote, by far")
    sender.refresh_from_db()
    (outcome,) = engine.send_test(campaign, [variant(campaign)], lead, sender, "alice@acme.example")
    assert isinstance(outcome, Disconnected)
    sender.secret = None
    launcher.server.stop()
    (outcome,) = engine.send_test(campaign, [variant(campaign)], lead, sender, "alice@acme.example")
    assert isinstance(outcome, Throttled)


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END"])
def test_a_slow_server_does_not_keep_a_person_waiting(
    launcher: Launcher, campaign: Campaign, lead: Lead, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "TEST_SECONDS", 0.7)
    launcher.server.delay(stage, 20)
    began = time.monotonic()
    (outcome,) = engine.send_test(campaign, [variant(campaign)], lead, only_sender(campaign), "alice@acme.example")
    assert time.monotonic() - began < 4  # with the leave taken
    assert isinstance(outcome, Unanswered if stage == "END" else Throttled | Deferred)
    assert "in time" in outcome.reason
