"""Once more for those whom an ended campaign did not reach: a list of them, and a draft like the campaign that goes to it."""

from itertools import count

from django.db import transaction

from accounts.models import User
from campaigns.editing import clone_campaign, update_campaign
from campaigns.errors import CampaignError, WrongState
from campaigns.models import ENDED, Campaign, MessageState
from leads.lists import LONGEST_NAME, add_found_to_list, create_list
from leads.models import Lead, LeadList


class NothingFailed(CampaignError):
    """There is nobody to try again with."""

    def __init__(self) -> None:
        super().__init__("None of its mails failed.")


def copy_for_failed(campaign: Campaign, by: User) -> Campaign:
    """A draft with the content and senders of an ended campaign, to a new list of the leads whose mail failed.

    What made them fail must be mended in it: nothing is sent before somebody starts it, and whoever is suppressed since (their
    address bounced, say) gets nothing. Raises WrongState where the campaign has not ended, NothingFailed and CampaignGone.
    """
    campaign.refresh_from_db()
    if campaign.state not in ENDED:
        raise WrongState(f"This campaign is {campaign.state}: wait for its end, or stop it.")
    failed = Lead.objects.filter(messages__campaign=campaign, messages__state=MessageState.FAILED).distinct()
    with transaction.atomic():
        chosen = new_list(campaign)
        if not add_found_to_list(chosen, failed):
            raise NothingFailed
        copy = clone_campaign(campaign, by)
        return update_campaign(copy, {"lists": [chosen]})


def new_list(campaign: Campaign) -> LeadList:
    """An empty list named after the campaign; a number behind it where there is one of that name."""
    taken = campaign.organisation.lists
    for number in count(1):
        ending = " – failed" if number == 1 else f" – failed {number}"
        name = f"{campaign.name[: LONGEST_NAME - len(ending)]}{ending}"
        if not taken.filter(name=name).exists():
            return create_list(campaign.organisation, name)
    raise AssertionError("unreachable")
