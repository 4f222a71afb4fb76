"""Once more for those whom an ended campaign did not reach."""

import pytest

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.errors import WrongState
from campaigns.models import Campaign, CampaignState, Message
from campaigns.retry import NothingFailed, copy_for_failed
from campaigns.services import start_campaign
from leads.models import LeadList


@pytest.fixture
def ended(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    Message.objects.update(state="sent")
    Campaign.objects.update(state=CampaignState.FINISHED)
    return campaign


def fail(email: str) -> None:
    Message.objects.filter(lead__email=email).update(state="failed")


def test_a_draft_goes_to_the_leads_that_failed_and_nobody_else(ended: Campaign, alice: User) -> None:
    fail("ada@example.com")
    copy = copy_for_failed(ended, alice)
    assert copy.state == CampaignState.DRAFT
    assert (copy.name, copy.created_by) == ("Spring (copy)", alice)
    assert list(copy.senders.all()) == list(ended.senders.all())
    assert copy.steps.get().variants.get().subject == ended.steps.get().variants.get().subject
    assert [lead.email for lead in copy.lists.get().leads.all()] == ["ada@example.com"]
    assert copy.lists.get().name == "Spring – failed"


def test_a_second_one_gets_a_list_of_its_own(ended: Campaign, alice: User, acme: Organisation) -> None:
    Campaign.objects.update(name="x" * 200)
    ended.refresh_from_db()
    fail("ada@example.com")
    names = [copy_for_failed(ended, alice).lists.get().name for _ in range(2)]
    assert [name[-10:] for name in names] == ["x – failed", " – failed 2"[-10:]]
    assert all(len(name) == 200 for name in names)


def test_where_nothing_failed_nothing_is_made(ended: Campaign, alice: User) -> None:
    with pytest.raises(NothingFailed):
        copy_for_failed(ended, alice)
    assert Campaign.objects.count() == 1
    assert not LeadList.objects.filter(name__contains="failed").exists()


def test_a_campaign_that_has_not_ended_is_waited_for(ended: Campaign, alice: User) -> None:
    fail("ada@example.com")
    Campaign.objects.update(state=CampaignState.PAUSED)
    with pytest.raises(WrongState):
        copy_for_failed(ended, alice)
