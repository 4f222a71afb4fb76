"""A sender goes only where nothing needs it, and what it leaves behind goes through another one or is refused."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from campaigns import engine
from campaigns.editing import create_campaign
from campaigns.errors import NotReady, WrongState
from campaigns.models import Campaign, CampaignState, Enrollment, Message, Step
from campaigns.services import decide_unknown, start_campaign
from campaigns.wording import StepContent
from senders.models import Sender
from senders.services import SenderError, delete_sender, pause_sender
from tests.campaigns.launching import Launcher, message_to, states

pytestmark = pytest.mark.django_db(transaction=True)
LEAD = "lead1@example.com"


@pytest.fixture
def orphaned(launcher: Launcher) -> tuple[Campaign, Message]:
    """One of four mails went unanswered, its campaign finished around it, and its sender was deleted; another is left."""
    launcher.server.drop_at("END", recipient=LEAD)
    senders = [launcher.sender(name) for name in ("one", "two")]
    campaign = launcher.start(4, senders=senders)
    for sender in senders:
        engine.drain(sender.pk)
    engine.finish()
    message = message_to(campaign, LEAD)
    assert (message.state, message.sender) == ("unknown", senders[1])
    delete_sender(senders[1])
    campaign.refresh_from_db()
    return campaign, message


def meanwhile(work: Callable[[], Any]) -> tuple[threading.Thread, threading.Event]:
    """`work` in a transaction of another thread, and a third of a second until it commits; the event says it is done."""
    done = threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                work()
                done.set()
                threading.Event().wait(0.3)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, done


def test_an_unknown_mail_whose_sender_was_deleted_goes_through_another_one(
    launcher: Launcher, orphaned: tuple[Campaign, Message]
) -> None:
    campaign, message = orphaned
    Step.objects.create(organisation=launcher.acme, campaign=campaign, position=2, delay_hours=1)
    assert decide_unknown(campaign, [message.pk], resend=True) == 1
    other = campaign.senders.get()
    assert engine.drain(other.pk).counts == {"sent": 1}
    kept = Message.objects.get(pk=message.pk)
    assert (kept.state, kept.sender, kept.message_id) == ("sent", other, message.message_id)
    assert kept.enrollment.sender == other, "and so do its next steps"


@pytest.mark.parametrize("why", ["deleted", "paused"])
def test_without_another_active_one_it_is_refused(orphaned: tuple[Campaign, Message], why: str) -> None:
    campaign, message = orphaned
    (delete_sender if why == "deleted" else pause_sender)(campaign.senders.get())
    with pytest.raises(WrongState, match="no other active one"):
        decide_unknown(campaign, [message.pk], resend=True)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED
    assert states(campaign) == {"sent": 3, "unknown": 1}
    assert decide_unknown(campaign, [message.pk], resend=False) == 1


def test_a_campaign_stopped_at_this_very_moment_sends_nothing_again(orphaned: tuple[Campaign, Message]) -> None:
    campaign, message = orphaned
    Campaign.objects.update(state=CampaignState.STOPPED)  # after `campaign` was read
    with pytest.raises(WrongState, match="was stopped"):
        decide_unknown(campaign, [message.pk], resend=True)
    assert states(campaign)["unknown"] == 1


@pytest.fixture
def draft(launcher: Launcher, alice: User) -> Campaign:
    values = {"senders": [launcher.sender()], "lists": [launcher.people(2)]}
    return create_campaign(
        launcher.acme, alice, values | {"steps": [StepContent(subject="Hello", body_text="Hi")], "name": "Spring"}
    )


def test_a_sender_is_not_deleted_under_a_campaign_that_is_being_started(draft: Campaign, alice: User) -> None:
    thread, started = meanwhile(lambda: start_campaign(Campaign.objects.get(pk=draft.pk), alice))
    assert started.wait(10)
    with pytest.raises(SenderError, match="needed by"):
        delete_sender(draft.senders.get())
    thread.join()
    assert not Enrollment.objects.filter(sender=None).exists()


def test_a_campaign_does_not_start_with_a_sender_that_is_being_deleted(draft: Campaign, alice: User) -> None:
    thread, deleted = meanwhile(lambda: delete_sender(Sender.objects.get()))
    assert deleted.wait(10)
    with pytest.raises(NotReady):
        start_campaign(draft, alice)
    thread.join()
    assert not Enrollment.objects.exists()
    assert draft.state == CampaignState.DRAFT


def test_a_drain_writes_its_senders_row_while_campaigns_are_started(draft: Campaign, alice: User) -> None:
    thread, started = meanwhile(lambda: start_campaign(Campaign.objects.get(pk=draft.pk), alice))
    assert started.wait(10)
    Sender.objects.update(last_error="written at once")
    assert thread.is_alive()
    thread.join()


def test_a_late_answer_keeps_no_campaign_running_that_has_no_sender(
    launcher: Launcher, orphaned: tuple[Campaign, Message]
) -> None:
    """As where the holder of an expired lease hears it after the sender was deleted."""
    campaign, message = orphaned
    Step.objects.create(organisation=launcher.acme, campaign=campaign, position=2)
    Message.objects.filter(pk=message.pk).update(state="sent")
    Enrollment.objects.filter(pk=message.enrollment_id).update(next_position=2, due_at=message.due_at)
    engine.finish()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED
