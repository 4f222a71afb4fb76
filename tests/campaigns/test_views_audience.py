"""The Audience tab: lists and senders."""

from campaigns.models import Campaign
from leads.models import LeadList
from tests.conftest import Browser


def audience(campaign: Campaign, org: str = "acme") -> str:
    return f"/o/{org}/campaigns/{campaign.pk}/audience/"


def test_it_shows_what_is_chosen(as_alice: Browser, campaign: Campaign) -> None:
    LeadList.objects.create(organisation=campaign.organisation, name="Unchosen")
    response = as_alice.get(audience(campaign))
    lists = {choice.label: (choice.checked, choice.note) for choice in response.context["lists"]}
    assert lists == {"People": (True, "3 leads"), "Unchosen": (False, "0 leads")}
    assert [choice.checked for choice in response.context["senders"]] == [True]


def test_it_keeps_what_is_ticked(as_alice: Browser, campaign: Campaign) -> None:
    response = as_alice.post(audience(campaign), {"version": campaign.version, "senders": [], "lists": []})
    assert response.status_code == 204
    assert not campaign.lists.exists()
    assert not campaign.senders.exists()


def test_another_ones_change_is_told_first(as_alice: Browser, campaign: Campaign) -> None:
    typed = {"version": campaign.version, "lists": []}
    Campaign.objects.update(version=campaign.version + 1)
    response = as_alice.post(audience(campaign), typed)
    assert response.status_code == 422
    assert campaign.lists.exists()
    assert as_alice.post(audience(campaign), typed | {"anyway": campaign.version + 1}).status_code == 204
    assert not campaign.lists.exists()


def test_a_viewer_only_looks_and_a_stranger_finds_nothing(
    as_vera: Browser, as_charlie: Browser, campaign: Campaign, strangers: Campaign
) -> None:
    assert as_vera.get(audience(campaign)).status_code == 200
    assert as_vera.post(audience(campaign), {}).status_code == 403
    assert as_charlie.get(audience(campaign)).status_code == 404
    chosen = {"lists": [row.pk for row in campaign.lists.all()]}
    assert as_charlie.post(audience(strangers, "other"), chosen).status_code == 422
