"""The Audience tab: lists and senders."""

from accounts.models import User
from campaigns.models import Campaign
from leads.models import LeadList, Segment
from tests.conftest import Browser


def audience(campaign: Campaign, org: str = "acme") -> str:
    return f"/o/{org}/campaigns/{campaign.pk}/audience/"


def test_it_shows_what_is_chosen(as_alice: Browser, campaign: Campaign) -> None:
    LeadList.objects.create(organisation=campaign.organisation, name="Unchosen")
    response = as_alice.get(audience(campaign))
    lists = {choice.label: (choice.checked, choice.note) for choice in response.context["choices"]["lists"]}
    assert lists == {"People": (True, "3 leads"), "Unchosen": (False, "0 leads")}
    assert [choice.checked for choice in response.context["senders"]] == [True]


def test_segments_exclusions_and_switches_are_kept_and_the_page_counts(as_alice: Browser, campaign: Campaign) -> None:
    acme = campaign.organisation
    out = LeadList.objects.create(organisation=acme, name="Out")
    out.leads.add(*campaign.lists.get().leads.all()[:1], through_defaults={"organisation": acme})
    rules = {"rules": [{"field": "company", "asks": "is", "value": "Navy"}]}
    segment = Segment.objects.create(organisation=acme, name="Sailors", rules=rules)
    typed = {
        "version": campaign.version,
        "lists": [row.pk for row in campaign.lists.all()],
        "senders": [row.pk for row in campaign.senders.all()],
        "segments": [segment.pk],
        "excluded_lists": [out.pk],
        "grows": "on",
        "stop_company": "on",
    }
    assert as_alice.post(audience(campaign), typed).status_code == 204
    campaign.refresh_from_db()
    assert (list(campaign.segments.all()), list(campaign.excluded_lists.all())) == ([segment], [out])
    assert (campaign.grows, campaign.stop_company, campaign.skip_busy) == (True, True, False)
    counted = as_alice.get(audience(campaign)).context["counted"]
    assert (counted.total, counted.excluded, counted.reached) == (3, 1, 2)


def test_anothers_segment_is_refused(as_alice: Browser, campaign: Campaign, charlie: User) -> None:
    theirs = Segment.objects.create(organisation=charlie.organisations.get(), name="Theirs", rules={})
    response = as_alice.post(audience(campaign), {"version": campaign.version, "segments": [theirs.pk]})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["segments"])


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
