"""Who comes into a campaign: its audience at the start, newcomers where it grows, and whom a person adds; each once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from campaigns.enrolment import add_by_hand, enrol, let_grow
from campaigns.errors import WrongState
from campaigns.models import Campaign, CampaignState, Enrollment
from campaigns.services import stop_campaign
from leads.models import Lead, Segment
from leads.segments.rules import read_rules
from senders.models import Sender
from tests.campaigns.launching import Launcher

pytestmark = pytest.mark.django_db(transaction=True)


def segment_of(launcher: Launcher, tag: str) -> Segment:
    rules = read_rules({"rules": [{"field": "tags", "asks": "has", "value": tag}]})
    return Segment.objects.create(
        organisation=launcher.acme, name=tag, rules=rules.model_dump(mode="json", exclude_defaults=True)
    )


def addresses(campaign: Campaign) -> set[str]:
    return set(Enrollment.objects.filter(campaign=campaign).values_list("lead__email", flat=True))


def emails(*numbers: int) -> set[str]:
    return {f"lead{number}@example.com" for number in numbers}


def test_lists_and_segments_together_less_what_is_left_out(launcher: Launcher) -> None:
    listed, out = launcher.people(3, "Listed"), launcher.people(1, "Out", start=2)
    launcher.people(5, "Everybody")
    Lead.objects.filter(email__in=emails(0, 3, 4)).update(tags=["hot"])
    Lead.objects.filter(email__in=emails(4)).update(tags=["hot", "cold"])
    campaign = launcher.start(
        lists=[listed],
        segments=[segment_of(launcher, "hot")],
        excluded_lists=[out],
        excluded_segments=[segment_of(launcher, "cold")],
    )
    assert addresses(campaign) == emails(0, 1, 3)


def test_who_is_under_way_elsewhere_is_left_out_where_the_campaign_says_so(launcher: Launcher) -> None:
    first = launcher.start(lists=[launcher.people(2, "Two")])
    sender = first.senders.get()
    both = [launcher.people(3, "Three")]
    assert addresses(launcher.start(lists=both, senders=[sender], skip_busy=True)) == emails(2)
    assert addresses(launcher.start(lists=both, senders=[sender])) == emails(0, 1, 2)
    for campaign in Campaign.objects.all():
        stop_campaign(campaign)
    assert addresses(launcher.start(lists=both, senders=[sender], skip_busy=True)) == emails(0, 1, 2)


def test_newcomers_join_a_campaign_that_grows_and_no_other(launcher: Launcher) -> None:
    people = launcher.people(1)
    sender = launcher.sender()
    growing, other = (launcher.start(lists=[people], senders=[sender], grows=grows) for grows in (True, False))
    launcher.people(2)
    assert let_grow() == 1
    assert let_grow() == 0
    assert (addresses(growing), addresses(other)) == (emails(0, 1), emails(0))
    assert growing.activities.get(kind="grew").text == "1 lead came into the audience and joined."


def test_who_was_taken_out_does_not_come_back(launcher: Launcher) -> None:
    campaign = launcher.start(lists=[launcher.people(1)], grows=True)
    Enrollment.objects.filter(campaign=campaign).update(state="stopped", reason="removed")
    assert (let_grow(), enrol(campaign)) == (0, 0)


def test_a_segment_that_asks_for_what_is_gone_lets_nobody_in_and_stops_nothing(launcher: Launcher) -> None:
    campaign = launcher.start(lists=[launcher.people(1)], grows=True)
    broken = Segment.objects.create(
        organisation=launcher.acme, name="Broken", rules={"rules": [{"field": "nothing", "asks": "is"}]}
    )
    campaign.segments.add(broken)
    launcher.people(2)
    assert let_grow() == 0


def test_people_add_leads_by_hand_but_no_suppressed_ones_and_to_no_ended_campaign(
    launcher: Launcher, alice: User
) -> None:
    campaign = launcher.start(lists=[launcher.people(1)])
    launcher.people(4, "Others")
    launcher.suppress("lead3@example.com")
    everybody = Lead.objects.filter(organisation=launcher.acme)
    assert add_by_hand(campaign, everybody, alice) == 2
    assert addresses(campaign) == emails(0, 1, 2)
    assert campaign.activities.get(kind="added").user == alice
    stop_campaign(campaign)
    with pytest.raises(WrongState, match="ended one takes nobody"):
        add_by_hand(campaign, everybody, alice)


def test_new_leads_go_to_active_senders_by_turns(launcher: Launcher) -> None:
    senders = [launcher.sender(name) for name in ("a", "b", "c")]
    Sender.objects.filter(pk=senders[1].pk).update(state="paused")
    campaign = launcher.start(6, senders=senders)
    shares = [Enrollment.objects.filter(campaign=campaign, sender=sender).count() for sender in senders]
    assert shares == [3, 0, 3]


def test_a_draft_enrols_nobody_before_it_starts(launcher: Launcher, alice: User) -> None:
    campaign = launcher.draft(2)
    assert campaign.state == CampaignState.DRAFT
    with pytest.raises(WrongState, match="a draft takes its leads"):
        add_by_hand(campaign, Lead.objects.all(), alice)


def test_a_list_that_grows_by_many_at_once_joins_in_one_go(launcher: Launcher) -> None:
    campaign = launcher.start(lists=[launcher.people(1)], grows=True)
    launcher.people(20)
    assert let_grow() == 19
    due = Enrollment.objects.filter(campaign=campaign, due_at__lte=timezone.now() + timedelta(seconds=5))
    assert due.count() == 19
