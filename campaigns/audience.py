"""Whom a campaign reaches: everyone on its lists, once, but for the suppressed (`engine.enrol` takes the same)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Organisation
from campaigns.models import Campaign
from leads import fields
from leads.mailable import IsSuppressed, suppressed
from leads.models import Lead, ListEntry

# How many leads stand for all where looking at every one would take too long.
SAMPLE = 2000

COUNT = f"""
SELECT count(*), count(*) FILTER (WHERE {suppressed("lead")})
FROM leads_lead lead
WHERE lead.organisation_id = %(organisation)s AND EXISTS (
    SELECT FROM leads_listentry entry
    JOIN campaigns_campaign_lists chosen ON chosen.leadlist_id = entry.lead_list_id
    WHERE chosen.campaign_id = %(campaign)s AND entry.lead_id = lead.id)
"""  # noqa: S608  (words of our own)


@dataclass(frozen=True)
class Audience:
    """Distinct leads on the campaign's lists, and how many of them are suppressed."""

    total: int
    suppressed: int

    @property
    def reached(self) -> int:
        return self.total - self.suppressed


def count_audience(campaign: Campaign) -> Audience:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"organisation": campaign.organisation_id, "campaign": campaign.pk})
        total, suppressed = cursor.fetchone() or (0, 0)
    return Audience(total, suppressed)


def audience_leads(campaign: Campaign) -> QuerySet[Lead]:
    """The leads that will get the campaign, newest first."""
    entries = ListEntry.objects.filter(lead=OuterRef("pk"), lead_list__in=campaign.lists.all())
    leads = Lead.objects.filter(Exists(entries), ~Q(IsSuppressed()), organisation=campaign.organisation)
    return leads.order_by("-pk")


def custom_fields(organisation: Organisation) -> list[str]:
    """The names of custom fields that are defined, or that the organisation's newest leads have."""
    return [found.name for found in fields.known_fields(organisation)]


def known_fields(organisation: Organisation, names: Iterable[str]) -> set[str]:
    """Which of these are a custom field of any of the organisation's leads; looks at all of them for each name."""
    leads = Lead.objects.filter(organisation=organisation)
    return {name for name in list(names)[:20] if leads.filter(fields__has_key=name).exists()}
