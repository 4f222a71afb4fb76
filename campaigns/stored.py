"""A campaign's row, as it is stored."""

from campaigns.errors import CampaignGone
from campaigns.models import Campaign


def locked(campaign: Campaign) -> Campaign:
    """The campaign as it is stored, and nobody else's to change until the transaction ends; raises CampaignGone."""
    found = Campaign.objects.select_for_update().filter(pk=campaign.pk).first()
    if found is None:
        raise CampaignGone
    return found


def refresh(campaign: Campaign) -> None:
    """Read it again; raises CampaignGone."""
    try:
        campaign.refresh_from_db()
    except Campaign.DoesNotExist as error:
        raise CampaignGone from error
