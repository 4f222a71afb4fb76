"""From an audience to planned messages: everyone once, whoever sends, however many ticks."""

import importlib
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import engine
from campaigns.engine.lease import lease_of
from campaigns.enrolment import enrol
from campaigns.models import Campaign, CampaignState, Enrollment, EnrollmentState, Message, Step, Variant
from leads.services import save_lead
from tests.campaigns.launching import Launcher, only_sender, states

pytestmark = pytest.mark.django_db(transaction=True)

planning = importlib.import_module("campaigns.engine.plan")  # the package's `plan` is the function
CLOSED = {"days": [(timezone.now().weekday() + 3) % 7], "start": "00:00", "end": "00:00", "time_zone": "UTC"}


def test_a_lead_on_two_lists_is_enrolled_once(launcher: Launcher) -> None:
    lists = [launcher.people(3, "One"), launcher.people(4, "Two", start=1)]
    campaign = launcher.start(lists=lists)
    assert Enrollment.objects.filter(campaign=campaign).count() == 5
    assert states(campaign) == {"planned": 5}
    assert enrol(campaign) == 0, "a second enrolment finds everyone in"


def test_the_suppressed_are_not_enrolled(launcher: Launcher) -> None:
    people = launcher.people(4)
    save_lead(people.leads.get(email="lead3@example.com"), {"email": "lead3@mail.example.org"})
    launcher.suppress("LEAD1@example.com")
    launcher.suppress("example.org")
    campaign = launcher.start(lists=[people])
    emails = set(Message.objects.filter(campaign=campaign).values_list("lead__email", flat=True))
    assert emails == {"lead0@example.com", "lead2@example.com"}


def test_senders_share_the_leads_by_turns_and_a_lead_keeps_its_sender(launcher: Launcher) -> None:
    first, second = launcher.sender("first"), launcher.sender("second")
    campaign = launcher.start(10, senders=[first, second])
    for sender in (first, second):
        assert Message.objects.filter(campaign=campaign, sender=sender).count() == 5
        assert Enrollment.objects.filter(campaign=campaign, sender=sender).count() == 5


def test_the_message_id_is_fixed_unique_and_of_the_senders_domain(launcher: Launcher) -> None:
    campaign = launcher.start(20)
    ids = list(Message.objects.filter(campaign=campaign).values_list("message_id", flat=True))
    assert len(set(ids)) == 20
    assert all(identity.endswith("@acme.example") for identity in ids)


def test_a_second_plan_plans_nothing_again(launcher: Launcher) -> None:
    campaign = launcher.start(5)
    assert engine.plan() == 0
    assert states(campaign) == {"planned": 5}


def test_two_ticks_at_once_plan_each_message_once(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "PLAN_BATCH", 7)
    campaign = launcher.start(60)
    Message.objects.filter(campaign=campaign).delete()
    Enrollment.objects.filter(campaign=campaign).update(due_at=timezone.now())

    def ticks() -> None:
        for _ in range(30):
            engine.plan()
        connection.close()

    threads = [threading.Thread(target=ticks) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(campaign) == {"planned": 60}
    assert not Enrollment.objects.filter(campaign=campaign, due_at__isnull=False).exists()


def test_a_large_campaign_leaves_room_for_the_others(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = launcher.sender()
    large = launcher.start(30, senders=[sender])
    small = launcher.start(senders=[sender], lists=[launcher.people(2, "Few")])
    Message.objects.all().delete()
    Enrollment.objects.update(due_at=timezone.now())
    monkeypatch.setattr(planning, "PLAN_BATCH", 12)
    monkeypatch.setattr(planning, "CAMPAIGN_BATCH", 10)
    assert engine.plan() == 12
    assert states(large) == {"planned": 10}
    assert states(small) == {"planned": 2}


def test_variants_are_drawn_by_weight(launcher: Launcher) -> None:
    campaign = launcher.start(1)
    step = Step.objects.get(campaign=campaign)
    common = {"organisation": launcher.acme, "step": step}
    heavy = Variant.objects.create(name="B", weight=9, **common)
    never = Variant.objects.create(name="C", weight=0, **common)
    campaign.lists.add(launcher.people(150, "More", start=1))
    enrol(campaign)
    engine.plan()
    drawn = Message.objects.filter(campaign=campaign).exclude(lead__email="lead0@example.com")
    assert 100 < drawn.filter(variant=heavy).count() < 150
    assert not drawn.filter(variant=never).exists()


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.STOPPED, CampaignState.DRAFT])
def test_only_running_campaigns_are_planned(launcher: Launcher, state: CampaignState) -> None:
    campaign = launcher.start(2)
    Message.objects.all().delete()
    Enrollment.objects.update(due_at=timezone.now())
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    assert engine.plan() == 0


def test_what_is_not_due_yet_waits(launcher: Launcher) -> None:
    campaign = launcher.start(2)
    Message.objects.all().delete()
    Enrollment.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    assert engine.plan() == 0
    engine.finish()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING


def test_only_senders_that_may_send_now_are_woken(launcher: Launcher) -> None:
    later = timezone.now() + timedelta(minutes=1)
    ready, paused, resting, closed, busy, idle = (
        launcher.sender(name) for name in ("ready", "paused", "resting", "closed", "busy", "idle")
    )
    launcher.start(12, senders=[ready, paused, resting, closed, busy])
    type(paused).objects.filter(pk=paused.pk).update(state="paused")
    type(resting).objects.filter(pk=resting.pk).update(next_slot_at=later)
    type(closed).objects.filter(pk=closed.pk).update(window=CLOSED)
    type(busy).objects.filter(pk=busy.pk).update(lease="0" * 32, lease_until=later)
    assert engine.senders_with_work() == [ready.pk]
    assert idle.pk not in engine.senders_with_work()


def test_who_waited_longest_is_woken_first(launcher: Launcher) -> None:
    first, second, third = (launcher.sender(name) for name in ("first", "second", "third"))
    launcher.start(3, senders=[first, second, third])
    for sender in (second, first):
        with lease_of(sender.pk):
            pass
    assert engine.senders_with_work() == [third.pk, second.pk, first.pk]
    assert engine.senders_with_work(2) == [third.pk, second.pk]


def test_nobody_is_woken_for_mails_that_are_put_off(launcher: Launcher) -> None:
    senders = [launcher.sender(f"sender{number}") for number in range(4)]
    launcher.start(8, senders=senders)
    later = timezone.now() + timedelta(minutes=1)
    Message.objects.filter(sender__in=senders[::2]).update(due_at=later)
    assert engine.senders_with_work() == [senders[1].pk, senders[3].pk]


def test_a_campaign_out_of_hours_or_paused_wakes_nobody(launcher: Launcher) -> None:
    campaign = launcher.start(2, window=CLOSED)
    assert engine.senders_with_work() == []
    Campaign.objects.filter(pk=campaign.pk).update(window=None)
    assert engine.senders_with_work() == [only_sender(campaign).pk]
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.PAUSED)
    assert engine.senders_with_work() == []


def test_an_enrollment_that_was_stopped_is_not_planned(launcher: Launcher) -> None:
    campaign = launcher.start(2)
    Message.objects.all().delete()
    Enrollment.objects.update(due_at=timezone.now(), state=EnrollmentState.STOPPED)
    assert engine.plan() == 0
    assert states(campaign) == {}
