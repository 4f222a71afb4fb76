"""Sequences of weeks: each step when its delay, its window and its conditions say, in the thread of the one before."""

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest

from campaigns.models import Campaign, CampaignState, Enrollment, Message, Step, Variant
from leads.models import Lead
from senders.models import Sender
from tests.campaigns.sequences import Arrival, World

pytestmark = pytest.mark.django_db(transaction=True)

OFFICE = {"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "17:00"}
# Two days before clocks are put forward in Europe (28 March 2027), eight before they are put back in Sydney (4 April), and
# when New York's were two weeks ago.
FRIDAY = datetime(2027, 3, 26, 12, tzinfo=UTC)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata"]
HOURS = timedelta(hours=2)


def business_days_after(day: date, count: int) -> date:
    """By counting them."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def steps_of(world: World, campaign: Campaign) -> list[list[int]]:
    """The steps that each lead got, in the order in which they came."""
    return [[arrival.step for arrival in arrivals] for arrivals in world.by_lead(campaign).values()]


def test_weeks_pass_over_the_change_of_clocks_in_every_zone(world: World) -> None:
    world.clock.go_to(FRIDAY)
    steps = [{}, {"delay_hours": 0, "delay_business_days": 2}, {"delay_hours": 7 * 24}]
    campaigns = {
        zone: world.start(steps, leads=1, window=OFFICE | {"time_zone": zone}, time_zone=zone) for zone in ZONES
    }
    world.walk(FRIDAY + timedelta(days=17), HOURS)
    for zone, campaign in campaigns.items():
        [arrivals] = world.by_lead(campaign).values()
        assert [arrival.step for arrival in arrivals] == [1, 2, 3], zone
        local = [arrival.at.astimezone(ZoneInfo(zone)) for arrival in arrivals]
        assert all(at.weekday() < 5 and 9 <= at.hour < 17 for at in local), (zone, local)
        assert local[1].date() == business_days_after(local[0].date(), 2), (zone, local)
        assert local[1] - local[0] >= timedelta(days=1)
        week = local[2].astimezone(UTC) - local[1].astimezone(UTC)
        assert timedelta(days=7) <= week < timedelta(days=8) + 2 * HOURS, (zone, week)
        campaign.refresh_from_db()
        assert campaign.state == CampaignState.FINISHED


def test_business_days_keep_the_time_of_day_when_clocks_change(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {"delay_business_days": 1}], leads=1, time_zone="Europe/Berlin")
    world.tick()
    due = Enrollment.objects.get(campaign=campaign).due_at
    assert due is not None
    local = due.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.date(), local.hour) == (date(2027, 3, 29), 13), "Monday, at one by the new clock"


def test_a_follow_up_answers_in_the_thread_and_a_new_one_begins_its_own(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {"same_thread": True}, {"same_thread": True}, {}], leads=1)
    Variant.objects.filter(step__campaign=campaign, step__same_thread=True).update(subject="")
    world.walk(FRIDAY + timedelta(hours=10), HOURS)
    mails = [message_from_bytes(arrival.data, policy=policy.default) for arrival in world.arrivals]
    assert [mail["Subject"] for mail in mails] == ["Step 1", "Re: Step 1", "Re: Step 1", "Step 4"]
    ids = [mail["Message-ID"] for mail in mails]
    assert [mail["In-Reply-To"] for mail in mails] == [None, ids[0], ids[1], None]
    assert mails[2]["References"].split() == ids[:2]
    assert Message.objects.filter(campaign=campaign, state="sent").count() == 4


@pytest.mark.parametrize(
    ("condition", "did", "gets"),
    [
        ("opened", "", [1, 3]),
        ("opened", "opened", [1, 2, 3]),
        ("opened", "clicked", [1, 2, 3]),
        ("not_opened", "", [1, 2, 3]),
        ("not_opened", "opened", [1, 3]),
        ("clicked", "opened", [1, 3]),
        ("clicked", "clicked", [1, 2, 3]),
        ("not_clicked", "clicked", [1, 3]),
        ("not_clicked", "opened", [1, 2, 3]),
    ],
)
def test_a_step_goes_only_to_whom_its_condition_means(world: World, condition: str, did: str, gets: list[int]) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {"condition": condition}, {}], leads=1)
    world.tick()
    if did:
        world.happen(did, world.arrivals[0])
    world.walk(FRIDAY + timedelta(hours=8), HOURS)
    assert steps_of(world, campaign) == [gets]


def test_a_condition_on_the_last_step_that_is_not_met_ends_the_sequence(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {"condition": "clicked"}], leads=2)
    world.walk(FRIDAY + timedelta(hours=6), HOURS)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED
    assert set(Enrollment.objects.filter(campaign=campaign).values_list("state", flat=True)) == {"finished"}


def test_an_open_takes_back_the_planned_mail_for_who_did_not(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {"condition": "not_opened"}, {}], leads=1)
    world.tick()
    Sender.objects.update(state="paused")
    world.walk(FRIDAY + timedelta(hours=4), HOURS)
    assert Message.objects.filter(campaign=campaign, state="planned", step__position=2).exists()
    world.happen("opened", world.arrivals[0])
    Sender.objects.update(state="active")
    world.walk(FRIDAY + timedelta(hours=10), HOURS)
    assert steps_of(world, campaign) == [[1, 3]]


def test_a_click_ends_the_sequence_only_where_the_campaign_says_so(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaigns = [world.start([{}, {}], leads=1, stop_on_click=stops) for stops in (True, False)]
    world.tick()
    for arrival in list(world.arrivals):
        world.happen("clicked", arrival)
    world.walk(FRIDAY + timedelta(hours=6), HOURS)
    assert [steps_of(world, campaign) for campaign in campaigns] == [[[1]], [[1, 2]]]
    assert Enrollment.objects.get(campaign=campaigns[0]).reason == "clicked"


def test_a_reply_ends_it_for_the_whole_company_where_the_campaign_says_so(world: World) -> None:
    world.clock.go_to(FRIDAY)
    for stops, gets in ((True, [[1], [1], [1], [1, 2]]), (False, [[1], [1, 2], [1, 2], [1, 2]])):
        campaign = world.start([{}, {}], leads=4, stop_company=stops)
        first, second, third, other = Lead.objects.filter(enrollments__campaign=campaign).order_by("pk")
        Lead.objects.filter(pk__in=[first.pk, second.pk]).update(company="Acme Ltd")
        for lead, name in ((first, "a"), (third, "b"), (other, "c")):
            domain = f"other{campaign.pk}.example" if lead == other else f"firm{campaign.pk}.example"
            Lead.objects.filter(pk=lead.pk).update(email_key=f"{name}@{domain}", email=f"{name}@{domain}")
        world.tick()
        [arrival] = world.by_lead(campaign)[first.pk]
        world.happen("replied", arrival)
        world.walk(world.clock.now() + timedelta(hours=6), HOURS)
        found = world.by_lead(campaign)
        assert [[mail.step for mail in found[lead.pk]] for lead in (first, second, third, other)] == gets
        Lead.objects.filter(pk__in=[first.pk, second.pk]).update(company="")


def test_a_daily_limit_and_one_for_new_leads_leave_room_for_follow_ups(world: World) -> None:
    world.clock.go_to(FRIDAY.replace(hour=0))
    campaign = world.start([{}, {"delay_hours": 24}], leads=8, daily_cap=4, daily_new=3, time_zone="UTC")
    world.walk(FRIDAY.replace(hour=0) + timedelta(days=6), HOURS)
    days: dict[date, list[Arrival]] = {}
    for arrival in world.arrivals:
        days.setdefault(arrival.at.date(), []).append(arrival)
    told = [(len(mails), sum(mail.step == 1 for mail in mails)) for mails in days.values()]
    assert all(mails <= 4 and fresh <= 3 for mails, fresh in told), told
    assert told[1] == (4, 1), "three follow-ups are due, and one new lead has room beside them"
    assert sorted(steps_of(world, campaign)) == [[1, 2]] * 8


def test_a_limit_that_comes_while_mails_are_planned_counts_them(world: World) -> None:
    world.clock.go_to(FRIDAY.replace(hour=0))
    campaign = world.start([{}], leads=5)  # all planned at once
    Campaign.objects.filter(pk=campaign.pk).update(daily_cap=2)
    world.people(1)
    world.tick()
    assert len(world.arrivals) == 5, "what was planned goes out"
    Enrollment.objects.filter(campaign=campaign).update(state="active", next_position=1, due_at=world.clock.now())
    Message.objects.filter(campaign=campaign).update(
        step=Step.objects.create(organisation=world.launcher.acme, campaign=campaign, position=9)
    )
    world.tick()
    assert len(world.arrivals) == 5, "and nothing more on that day"


def test_follow_ups_go_before_new_leads_and_important_campaigns_before_others(world: World) -> None:
    world.clock.go_to(FRIDAY)
    sender = world.launcher.sender("shared")
    low = world.start([{}, {}], leads=2, priority=3)
    high = world.start([{}, {}], leads=2, priority=1)
    for campaign in (low, high):
        campaign.senders.set([sender])
        Message.objects.filter(campaign=campaign).update(sender=sender)
        Enrollment.objects.filter(campaign=campaign).update(sender=sender)
    first = Message.objects.filter(campaign=low).order_by("pk")[0]
    Message.objects.filter(pk=first.pk).update(fresh=False)
    world.tick()
    order = [(arrival.campaign, arrival.message) for arrival in world.arrivals]
    assert [campaign for campaign, _ in order] == [high.pk, high.pk, low.pk, low.pk]
    assert order[2] == (low.pk, first.pk)


def test_new_leads_of_a_lost_sender_go_to_the_others_and_conversations_wait(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {}], leads=4, senders=2, hand_over=True)
    lost, other = campaign.senders.order_by("pk")
    had = Message.objects.filter(campaign=campaign, sender=lost).order_by("pk")[0]
    Message.objects.filter(campaign=campaign).exclude(pk=had.pk).update(due_at=FRIDAY + timedelta(hours=1))
    world.tick()
    Sender.objects.filter(pk=lost.pk).update(state="disconnected", state_reason="Sign in again.")
    world.walk(FRIDAY + timedelta(hours=6), HOURS)
    found = world.by_lead(campaign)
    assert [arrival.step for arrival in found[had.lead_id]] == [1], "its conversation waits for its mailbox"
    others = [arrivals for lead, arrivals in found.items() if lead != had.lead_id]
    assert [[arrival.step for arrival in arrivals] for arrivals in others] == [[1, 2]] * 3
    assert {arrival.sender for arrivals in others for arrival in arrivals} == {other.pk}
    entry = campaign.activities.get(kind="handed_over")
    assert entry.text == f"1 new lead of {lost.address} went to the other senders: Sign in again."


def test_a_lead_without_a_merge_field_waits_for_it_where_the_campaign_says_so(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}], leads=2, wait_for_fields=True)
    Variant.objects.filter(step__campaign=campaign).update(subject="For {{ company }}")
    complete, incomplete = Lead.objects.filter(enrollments__campaign=campaign).order_by("pk")
    Lead.objects.filter(pk=complete.pk).update(company="Acme")
    world.walk(FRIDAY + timedelta(hours=6), HOURS)
    assert list(world.by_lead(campaign)) == [complete.pk]
    waits = Message.objects.get(campaign=campaign, lead=incomplete)
    assert (waits.state, waits.attempts) == ("planned", 0)
    assert waits.error.startswith("This lead has no company")
    Lead.objects.filter(pk=incomplete.pk).update(company="Initech")
    world.walk(world.clock.now() + timedelta(hours=4), HOURS)
    assert set(world.by_lead(campaign)) == {complete.pk, incomplete.pk}


def test_a_paused_lead_gets_nothing_and_keeps_its_place(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {}], leads=1)
    Enrollment.objects.filter(campaign=campaign).update(state="paused")
    world.walk(FRIDAY + timedelta(hours=4), HOURS)
    assert world.arrivals == []
    message = Message.objects.get(campaign=campaign)
    assert (message.state, message.due_at) == ("planned", None), "it does not come up again and again"
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING, "it waits for the person"
    Enrollment.objects.filter(campaign=campaign).update(state="active")
    Message.objects.filter(pk=message.pk).update(due_at=world.clock.now())
    world.walk(FRIDAY + timedelta(hours=10), HOURS)
    assert steps_of(world, campaign) == [[1, 2]]


def test_a_winner_gets_all_that_comes_after_it(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}], leads=6, daily_cap=2, time_zone="UTC")
    step = Step.objects.get(campaign=campaign)
    b = Variant.objects.create(
        organisation=campaign.organisation, step=step, name="B", subject="B", body_html="<p>B</p>"
    )
    Step.objects.filter(pk=step.pk).update(winner=b)
    world.walk(FRIDAY + timedelta(days=3), timedelta(hours=6))
    assert [arrival.variant for arrival in world.arrivals] == ["A", "A", "B", "B", "B", "B"]


def test_whose_last_step_was_taken_away_is_through(world: World) -> None:
    world.clock.go_to(FRIDAY)
    campaign = world.start([{}, {"delay_hours": 240}], leads=2)
    world.tick()
    Step.objects.filter(campaign=campaign, position=2).delete()
    world.walk(FRIDAY + timedelta(hours=4), HOURS)
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED
