"""What may be in the way of what people ask of a campaign."""

from collections.abc import Sequence

from campaigns.models import Campaign
from campaigns.preflight import Finding


class CampaignError(Exception):
    """What was asked cannot be done; its text says why, in a sentence."""


class WrongState(CampaignError):
    """The campaign's state does not allow it."""


class CampaignGone(CampaignError):
    """Somebody deleted the campaign meanwhile."""

    def __init__(self) -> None:
        super().__init__("This campaign was deleted.")


class NotReady(CampaignError):
    """The preflight found something that must be mended first: `findings`."""

    def __init__(self, findings: Sequence[Finding], said: str = "The campaign is not ready to start.") -> None:
        errors = [finding.message for finding in findings if finding.blocks]
        super().__init__(" ".join([said, *errors]))
        self.findings = list(findings)


class Conflict(CampaignError):
    """Somebody else changed the campaign since it was read."""

    def __init__(self, campaign: Campaign) -> None:
        who = (campaign.changed_by.get_full_name() or str(campaign.changed_by)) if campaign.changed_by else "Somebody"
        super().__init__(f"{who} has changed this campaign since you opened it. Nothing of yours was saved yet.")
        self.campaign = campaign


class BadValue(CampaignError):
    """A value that cannot be kept; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
