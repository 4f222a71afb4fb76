"""What the pages that change a campaign share: saving what was typed, and saying at its field why it could not be."""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms import Form
from django.http import Http404

from accounts.access import OrgRequest
from campaigns.editing import EDITABLE, update_campaign
from campaigns.errors import BadValue, CampaignError, CampaignGone, Conflict
from campaigns.models import Campaign
from campaigns.views.common import common, may_manage

Note = Callable[[str, str], None]


def tab_context(request: OrgRequest, campaign: Campaign, tab: str) -> dict[str, Any]:
    """What a page that edits a campaign needs; `readonly`: it only shows how things are."""
    readonly = not may_manage(request) or campaign.state not in EDITABLE
    return common(request, campaign, tab) | {"readonly": readonly, "live": campaign.state != "draft"}


def noting(form: Form) -> Note:
    """What puts an error at a field of `form`, or above it."""

    def note(field: str, message: str) -> None:
        form.add_error(field if field in form.fields else None, message)

    return note


def keep(
    request: OrgRequest, campaign: Campaign, values: Mapping[str, Any], version: int | None, note: Note
) -> CampaignError | None:
    """Save `values`; what stood in the way, which was noted already but for a Conflict. Raises Http404."""
    try:
        update_campaign(campaign, values, by=request.user, version=version)
    except CampaignGone as error:
        raise Http404(str(error)) from error
    except Conflict as error:
        return error
    except BadValue as error:
        note(error.field, str(error))
        return error
    except CampaignError as error:
        note("", str(error))
        return error
    return None
