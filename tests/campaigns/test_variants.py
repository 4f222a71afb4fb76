"""How variants fare: rates with their intervals, what may be concluded, and who wins."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from campaigns.models import Campaign, Enrollment, Message, Step, Variant
from campaigns.services import start_campaign
from campaigns.variants import SETTLED, Share, choose_by_hand, choose_winners, is_better, results
from leads.models import Lead
from tests.conftest import Browser


def sent(campaign: Campaign, variant: Variant, count: int, replied: int, ago: timedelta = 2 * SETTLED) -> None:
    """So many mails of a variant, of which the first were replied to."""
    at = timezone.now() - ago
    for number in range(count):
        email = f"{variant.name}{number}@variants.example".lower()
        lead = Lead.objects.create(
            organisation=campaign.organisation, email=email, email_key=email, digest=email.encode()
        )
        enrollment = Enrollment.objects.create(organisation=campaign.organisation, campaign=campaign, lead=lead)
        Message.objects.create(
            organisation=campaign.organisation, campaign=campaign, enrollment=enrollment, step=variant.step, lead=lead,
            variant=variant, state="sent", sent_at=at, replied_at=at if number < replied else None,
        )  # fmt: skip


@pytest.fixture
def two(campaign: Campaign, alice: User) -> tuple[Variant, Variant]:
    """The running campaign's variants A and B; the best after 20 mails each."""
    first = Variant.objects.get(step__campaign=campaign)
    second = Variant.objects.create(
        organisation=campaign.organisation, step=first.step, name="B", subject="B", body_html="<p>B</p>"
    )
    start_campaign(campaign, alice)
    Step.objects.filter(pk=first.step_id).update(winner_after=20)
    return first, second


def test_an_interval_holds_the_rate_and_narrows() -> None:
    lowest, highest = Share(50, 100).interval
    assert (round(lowest, 1), round(highest, 1)) == (40.4, 59.6)
    assert Share(0, 10).interval[0] == 0
    assert round(Share(0, 10).interval[1], 1) == 27.8
    assert Share(0, 0).interval == (0.0, 100.0)
    wide, narrow = (Share(count, whole).interval for count, whole in ((5, 10), (500, 1000)))
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_a_difference_counts_only_where_it_is_more_than_chance() -> None:
    assert is_better(Share(60, 100), Share(30, 100))
    assert not is_better(Share(6, 10), Share(4, 10))
    assert not is_better(Share(0, 0), Share(1, 2))


def test_each_variant_is_counted_and_judged(campaign: Campaign, two: tuple[Variant, Variant]) -> None:
    sent(campaign, two[0], 30, 2)
    sent(campaign, two[1], 30, 20)
    (found,) = results(campaign)
    assert [(arm.variant.name, arm.sent, arm.replied.count) for arm in found.arms] == [("A", 30, 2), ("B", 30, 20)]
    assert found.verdict == "B is ahead by replies."


def test_the_best_wins_once_all_were_sent_often_enough_and_have_settled(
    campaign: Campaign, two: tuple[Variant, Variant]
) -> None:
    sent(campaign, two[0], 19, 1)
    sent(campaign, two[1], 30, 9)
    assert choose_winners() == 0, "A was not sent often enough"
    Step.objects.update(winner_after=10)
    Message.objects.filter(variant=two[1]).update(sent_at=timezone.now())
    assert choose_winners() == 0, "B's mails are too fresh"
    Message.objects.filter(variant=two[1]).update(sent_at=timezone.now() - 2 * SETTLED)
    assert choose_winners() == 1
    assert Step.objects.get(campaign=campaign).winner == two[1]
    entry = campaign.activities.get(kind="winner")
    assert entry.automatic
    assert entry.text == "Step 1 goes on with variant B: most replies (A 5.3 %, B 30.0 %)."
    assert choose_winners() == 0


def test_a_tie_waits(campaign: Campaign, two: tuple[Variant, Variant]) -> None:
    for variant in two:
        sent(campaign, variant, 20, 5)
    assert choose_winners() == 0
    assert results(campaign)[0].verdict == "None is ahead by replies."


def test_a_person_chooses_and_takes_it_back(campaign: Campaign, two: tuple[Variant, Variant], alice: User) -> None:
    step = Step.objects.get(campaign=campaign)
    assert choose_by_hand(step, two[1], alice)
    assert not choose_by_hand(step, two[0], alice), "it is not as it was seen any more"
    step.refresh_from_db()
    assert choose_by_hand(step, None, alice)
    step.refresh_from_db()
    assert step.winner is None


def test_the_page_shows_them_and_takes_the_choice(
    as_alice: Browser, as_vera: Browser, as_charlie: Browser, campaign: Campaign, two: tuple[Variant, Variant]
) -> None:
    sent(campaign, two[0], 4, 1)
    page = f"/o/acme/campaigns/{campaign.pk}/"
    shown = as_alice.get(page).content.decode()
    assert "Steps and variants" in shown
    assert "25.0 %" in shown
    choice = f"{page}steps/{two[0].step_id}/winner/"
    assert as_vera.post(choice, {"variant": two[1].pk}).status_code == 403
    assert as_charlie.post(choice, {"variant": two[1].pk}).status_code == 404
    as_alice.post(choice, {"variant": two[1].pk})
    assert Step.objects.get(campaign=campaign).winner == two[1]
    assert as_alice.post(choice, {"variant": "999999"}).status_code == 404
    as_alice.post(choice, {"variant": ""})
    assert Step.objects.get(campaign=campaign).winner is None
