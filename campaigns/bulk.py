"""Putting many leads into a campaign from the table of leads (`leads.bulk.actions.CHOICES`), and taking that back."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from accounts.models import Organisation
from campaigns.enrolment import OPEN, add_by_hand, newcomers
from campaigns.errors import CampaignError
from campaigns.models import Campaign, Enrollment, Message, MessageState
from leads.bulk.actions import Action, Choice
from leads.models import BulkAction, Lead

# As many campaigns as can be chosen from, the newest.
MOST_CAMPAIGNS = 200


def open_campaigns(organisation: Organisation) -> dict[str, str]:
    """Those that take leads by hand."""
    found = organisation.campaigns.filter(state__in=OPEN, archived_at=None).order_by("-pk")
    return {str(pk): name for pk, name in found.values_list("pk", "name")[:MOST_CAMPAIGNS]}


def campaign_of(bulk: BulkAction) -> Campaign | None:
    return Campaign.objects.filter(organisation=bulk.organisation_id, pk=int(bulk.new_value)).first()


def enrol_chosen(bulk: BulkAction, leads: Sequence[int]) -> list[int]:
    """Put them in who are not in yet and may be mailed; nobody where the campaign has ended meanwhile."""
    campaign = campaign_of(bulk)
    if campaign is None or bulk.created_by is None:
        return []
    meant = newcomers(campaign, Lead.objects.filter(organisation=bulk.organisation_id, pk__in=list(leads)))
    new = list(meant.values_list("pk", flat=True))
    try:
        add_by_hand(campaign, Lead.objects.filter(pk__in=new), bulk.created_by)
    except CampaignError:
        return []
    return list(Enrollment.objects.filter(campaign=campaign, lead__in=new).values_list("lead", flat=True))


def take_out(bulk: BulkAction, leads: Sequence[int]) -> list[int]:
    """Undo it for those who got nothing yet: they were never in it."""
    gone_out = Message.objects.filter(enrollment=OuterRef("pk")).exclude(state=MessageState.PLANNED)
    there = Enrollment.objects.filter(
        organisation=bulk.organisation_id, campaign=int(bulk.new_value), lead__in=list(leads)
    )
    untouched = there.filter(~Exists(gone_out))
    found = list(untouched.select_for_update().values_list("pk", "lead"))
    untouched.filter(pk__in=[pk for pk, _ in found]).delete()
    return [lead for _, lead in found]


ENROL = Action("Add {leads} to the campaign “{value}”", "{leads} added to {value}.", enrol_chosen, take_out)
CHOICE = Choice("Add to campaign", open_campaigns)
