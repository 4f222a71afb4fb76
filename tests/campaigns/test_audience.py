"""Whom a campaign reaches: as many as it says, and the same that it enrols."""

from collections.abc import Callable

from accounts.models import Organisation, User
from campaigns.audience import audience_leads, count_audience, custom_fields, known_fields
from campaigns.enrolment import enrol
from campaigns.models import Campaign, Enrollment
from leads.lists import add_to_list, named_list
from leads.models import Lead, LeadList, SuppressionReason
from leads.services import save_lead
from leads.suppression import suppress


def test_a_lead_on_two_lists_counts_once_and_a_suppressed_one_apart(
    campaign: Campaign, acme: Organisation, add_lead: Callable[..., Lead], people: LeadList
) -> None:
    others = named_list(acme, "Others")
    campaign.lists.add(others)
    add_to_list(others, Lead.objects.filter(email="ada@example.com"))
    gone = add_lead("gone@example.com", people)
    suppress(acme, gone.email, SuppressionReason.BOUNCED, "test")
    audience = count_audience(campaign)
    assert (audience.total, audience.suppressed, audience.reached) == (4, 1, 3)


def test_the_audience_is_whom_a_start_enrols(
    campaign: Campaign, acme: Organisation, add_lead: Callable[..., Lead], people: LeadList
) -> None:
    gone = add_lead("gone@example.com", people)
    add_lead("elsewhere@example.com")
    suppress(acme, gone.email, SuppressionReason.UNSUBSCRIBED, "test")
    add_lead("there@mail.gone.example", people)
    suppress(acme, "gone.example", SuppressionReason.MANUAL, "test")
    assert count_audience(campaign).suppressed == 2
    expected = set(audience_leads(campaign).values_list("pk", flat=True))
    enrol(campaign)
    assert set(Enrollment.objects.values_list("lead", flat=True)) == expected
    assert len(expected) == 3


def test_another_organisations_suppression_and_leads_do_not_count(
    campaign: Campaign, charlie: User, people: LeadList
) -> None:
    other = charlie.organisations.get()
    suppress(other, "ada@example.com", SuppressionReason.UNSUBSCRIBED, "test")
    save_lead(Lead(organisation=other), {"email": "theirs@example.com", "fields": {"secret": "x"}})
    assert count_audience(campaign).reached == 3
    assert custom_fields(campaign.organisation) == []
    assert known_fields(campaign.organisation, ["secret"]) == set()


def test_custom_fields_are_those_that_leads_have(acme: Organisation, add_lead: Callable[..., Lead]) -> None:
    add_lead("a@example.com", fields={"city": "Berlin", "Job Title": "x"})
    add_lead("b@example.com", fields={"city": "Bonn"})
    assert custom_fields(acme) == ["city", "Job Title"]
    assert known_fields(acme, ["city", "town"]) == {"city"}
