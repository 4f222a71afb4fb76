"""What a campaign needs cannot be deleted under it."""

import pytest

from accounts.models import User
from campaigns.models import Campaign
from campaigns.services import pause_campaign, start_campaign, stop_campaign
from leads.lists import ListInUse, delete_list
from leads.models import LeadList
from senders.models import Sender
from senders.services import SenderError, delete_sender, usage


def test_a_drafts_sender_and_list_can_go(campaign: Campaign, sender: Sender, people: LeadList) -> None:
    delete_sender(sender)
    delete_list(people)
    assert not campaign.senders.exists()
    assert not campaign.lists.exists()


def test_a_running_and_a_paused_campaign_keep_theirs(
    campaign: Campaign, alice: User, sender: Sender, people: LeadList
) -> None:
    start_campaign(campaign, alice)
    for _ in range(2):
        with pytest.raises(SenderError, match="needed by “Spring”"):
            delete_sender(sender)
        with pytest.raises(ListInUse, match="needed by “Spring”"):
            delete_list(people)
        if campaign.state == "running":
            pause_campaign(campaign)


def test_a_stopped_campaign_needs_nothing(campaign: Campaign, alice: User, sender: Sender, people: LeadList) -> None:
    start_campaign(campaign, alice)
    stop_campaign(campaign)
    delete_sender(sender)
    delete_list(people)
    assert not Sender.objects.exists()


def test_senders_know_what_they_sent(sender: Sender) -> None:
    assert usage([sender.pk]) == {sender.pk: 0}
