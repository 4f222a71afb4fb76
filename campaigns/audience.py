"""Whom a campaign reaches: who is on its lists or in its segments, once, but for those left out and the suppressed.

`audience_of` is the one definition: counts, previews, the preflight and enrolments (`enrolment`) all take it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Organisation
from campaigns.models import GOING, Campaign, CampaignState, Enrollment
from leads import fields
from leads.mailable import IsSuppressed
from leads.models import Lead, LeadList, ListEntry, Segment
from leads.segments.filtering import condition_of
from leads.segments.rules import read_rules

# How many leads stand for all where looking at every one would take too long.
SAMPLE = 2000
NOBODY = Q(pk__in=[])
LIVE = (CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True)
class Audience:
    """How many leads are chosen and, of these, why some get nothing, each counted once under the first reason."""

    total: int
    excluded: int = 0
    busy: int = 0
    suppressed: int = 0

    @property
    def reached(self) -> int:
        return self.total - self.excluded - self.busy - self.suppressed


def chosen(campaign: Campaign, lists: QuerySet[LeadList], segments: QuerySet[Segment]) -> Q:
    """Being on one of the lists or in one of the segments. Raises BadRules where a segment asks for what is gone."""
    condition = NOBODY
    on_lists = [chosen.pk for chosen in lists]
    if on_lists:
        condition |= Q(Exists(ListEntry.objects.filter(lead=OuterRef("pk"), lead_list__in=on_lists)))
    for segment in segments:
        condition |= condition_of(campaign.organisation, read_rules(segment.rules))
    return condition


def chosen_leads(campaign: Campaign) -> QuerySet[Lead]:
    """Whom lists and segments name, whether they get a mail or not; raises BadRules."""
    condition = chosen(campaign, campaign.lists.all(), campaign.segments.all())
    return Lead.objects.filter(condition, organisation=campaign.organisation)


def left_out(campaign: Campaign) -> Q:
    """Being on a list or in a segment that the campaign leaves out; raises BadRules."""
    return chosen(campaign, campaign.excluded_lists.all(), campaign.excluded_segments.all())


def busy_elsewhere(campaign: Campaign) -> Q:
    """Being under way in another campaign of the organisation that runs or is paused."""
    others = Enrollment.objects.filter(lead=OuterRef("pk"), state__in=GOING, campaign__state__in=LIVE)
    return Q(Exists(others.exclude(campaign=campaign)))


def count_audience(campaign: Campaign) -> Audience:
    """Raises BadRules."""
    out, suppressed = left_out(campaign), Q(IsSuppressed())
    busy = busy_elsewhere(campaign) if campaign.skip_busy else NOBODY
    counts = chosen_leads(campaign).aggregate(
        total=Count("pk"),
        excluded=Count("pk", filter=out),
        busy=Count("pk", filter=~out & busy),
        suppressed=Count("pk", filter=~out & ~busy & suppressed),
    )
    return Audience(**counts)


def audience_of(campaign: Campaign) -> QuerySet[Lead]:
    """The leads that the campaign reaches, in no order; raises BadRules."""
    leads = chosen_leads(campaign).filter(~left_out(campaign), ~Q(IsSuppressed()))
    return leads.filter(~busy_elsewhere(campaign)) if campaign.skip_busy else leads


def audience_leads(campaign: Campaign) -> QuerySet[Lead]:
    """The same, newest first."""
    return audience_of(campaign).order_by("-pk")


def custom_fields(organisation: Organisation) -> list[str]:
    """The names of custom fields that are defined, or that the organisation's newest leads have."""
    return [found.name for found in fields.known_fields(organisation)]


def known_fields(organisation: Organisation, names: Iterable[str]) -> set[str]:
    """Which of these are a custom field of any of the organisation's leads; looks at all of them for each name."""
    leads = Lead.objects.filter(organisation=organisation)
    return {name for name in list(names)[:20] if leads.filter(fields__has_key=name).exists()}
