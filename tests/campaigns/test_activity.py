"""What eCRM decides by itself stands in the campaign's log, with its reason, and no address that could outlive its lead."""

import pytest

from campaigns import engine
from campaigns.activity import note
from campaigns.engine.settle import stop_sender
from campaigns.models import Activity, Campaign, Enrollment
from campaigns.stopping import stop
from leads.models import Lead
from leads.services import erase_leads
from senders.health import hold
from senders.transports.base import Disconnected
from tests.campaigns.launching import Launcher, only_sender

pytestmark = pytest.mark.django_db(transaction=True)


def said(campaign: Campaign, kind: str) -> list[str]:
    return list(Activity.objects.filter(campaign=campaign, kind=kind, automatic=True).values_list("text", flat=True))


def test_a_sender_that_pauses_itself_or_must_be_reconnected_is_told_of(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    sender = only_sender(campaign)
    assert hold(sender, "6 % of its last mails bounced.")
    assert said(campaign, "sender_paused") == ["Paused alice@acme.example: 6 % of its last mails bounced."]
    stop_sender(sender.pk, Disconnected("535 Who are you?"))
    assert said(campaign, "sender_disconnected") == ["alice@acme.example must be reconnected: 535 Who are you?"]


def test_each_lead_whose_sequence_ends_is_told_of_and_an_erased_ones_address_stays_nowhere(launcher: Launcher) -> None:
    campaign = launcher.start(2)
    stop(Enrollment.objects.filter(campaign=campaign), "replied")
    entries = Activity.objects.filter(campaign=campaign, kind="ended")
    assert {entry.lead.email for entry in entries if entry.lead} == {"lead0@example.com", "lead1@example.com"}
    assert said(campaign, "ended") == ["Ended the sequence: replied."] * 2
    erase_leads(Lead.objects.filter(email="lead0@example.com"))
    assert not Activity.objects.filter(text__contains="lead0").exists()
    assert [entry.lead and entry.lead.email for entry in entries.order_by("lead")] == ["lead1@example.com", None]


def test_the_end_of_a_campaign_is_told_once(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    engine.drain(only_sender(campaign).pk)
    assert (engine.finish(), engine.finish()) == (1, 0)
    assert said(campaign, "finished") == ["Finished: nobody waits for a mail any more."]


def test_an_entry_of_a_person_is_not_automatic_and_a_long_one_is_cut(launcher: Launcher) -> None:
    campaign = launcher.draft(1)
    entry = note(campaign, "edited", "x" * 1000, by=launcher.alice)
    assert (entry.automatic, len(entry.text)) == (False, 500)
