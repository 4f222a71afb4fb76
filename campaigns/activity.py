"""The campaign's own log: who did what with it, and what eCRM decided by itself, each with its reason."""

from accounts.models import User
from campaigns.models import Activity, Campaign
from leads.models import Lead

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
