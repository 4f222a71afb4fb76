"""The campaign's own log: who did what with it, and what eCRM decided by itself, each with its reason."""

from accounts.models import User
from campaigns.models import Activity, Campaign, CampaignState
from leads.models import Lead
from senders.models import Sender

LONGEST = 500


def note(campaign: Campaign, kind: str, text: str, *, by: User | None = None, lead: Lead | None = None) -> Activity:
    """Write down that `by`, or eCRM itself, did something. `kind` is a word to filter by ("started", "edited",
    "handed_over"…); `text` a sentence without the lead's address, which is looked up where the log is shown, so that an
    erased lead's stays nowhere.
    """
    return Activity.objects.create(
        organisation_id=campaign.organisation_id,
        campaign=campaign,
        user=by,
        automatic=by is None,
        kind=kind,
        lead=lead,
        text=text[:LONGEST],
    )


def note_sender(sender: Sender, kind: str, text: str) -> None:
    """Write what befell a sender into the log of each campaign that sends through it now."""
    for campaign in Campaign.objects.filter(senders=sender, state__in=[CampaignState.RUNNING, CampaignState.PAUSED]):
        note(campaign, kind, text)


def note_held(sender: Sender, reason: str) -> None:
    """The hook `senders.health.HELD`."""
    note_sender(sender, "sender_paused", f"Paused {sender.address}: {reason}")
