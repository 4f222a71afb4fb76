"""What segments ask of campaigns: who is in one, to whom what happened, and lately."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from leads.models import Lead
from leads.segments.rules import BadRules, Rule, Rules
from leads.segments.saving import leads_of


def found(acme: Organisation, *asked: tuple[str, str] | tuple[str, str, int]) -> set[str]:
    """First names by (asks, campaign[, days])."""
    rules = [Rule(field="campaign", asks=one[0], value=one[1], days=one[2] if len(one) == 3 else None) for one in asked]
    return {lead.first_name for lead in leads_of(acme, Rules(rules=tuple(rules)))}


def test_who_is_in_it_and_what_happened_to_their_mails(acme: Organisation, campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    Lead.objects.create(organisation=acme, email="x@x.example", email_key="x@x.example", digest=b"x", first_name="New")
    now = timezone.now()
    Message.objects.filter(lead__first_name__in=["Grace", "Ada"]).update(state="sent", sent_at=now)
    Message.objects.filter(lead__first_name="Grace").update(opened_at=now, replied_at=now)
    Message.objects.filter(lead__first_name="Ada").update(opened_at=now - timedelta(days=30))
    spring = str(campaign.pk)
    assert found(acme, ("in", spring)) == {"Grace", "Ada", ""}
    assert found(acme, ("not_in", spring)) == {"New"}
    assert found(acme, ("sent", "any")) == {"Grace", "Ada"}
    assert found(acme, ("opened", spring), ("not_replied", spring)) == {"Ada"}  # opened Spring but did not reply
    assert found(acme, ("opened", "any", 7)) == {"Grace"}
    assert found(acme, ("sent", spring), ("not_opened", spring, 7)) == {"Ada"}
    assert found(acme, ("clicked", "any")) == set()


def test_others_campaigns_cannot_be_asked_for(acme: Organisation, campaign: Campaign, strangers: Campaign) -> None:
    with pytest.raises(BadRules):
        found(acme, ("in", str(strangers.pk)))
