"""The list of campaigns: found, filtered, sorted, in pages, with their numbers."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from tests.conftest import Browser

LIST = "/o/acme/campaigns/"


def names(response: Any) -> list[str]:
    return [campaign.name for campaign, _ in response.context["rows"]]


def make(acme: Organisation, *names: str, **values: Any) -> None:
    for name in names:
        Campaign.objects.create(organisation=acme, name=name, **values)


def test_an_empty_list_leads_to_the_first_campaign(as_alice: Browser, as_vera: Browser) -> None:
    assert 'href="/o/acme/campaigns/new/"' in as_alice.get(LIST).content.decode()
    page = as_vera.get(LIST).content.decode()
    assert "No campaign yet" in page
    assert "/campaigns/new/" not in page


def test_each_campaign_shows_its_state_and_rates(as_vera: Browser, campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    engine.plan()
    Message.objects.exclude(lead__email="ada@example.com").update(state="sent", sent_at=timezone.now())
    Message.objects.filter(lead__email="grace@example.com").update(opened_at=timezone.now())
    page = as_vera.get(LIST).content.decode()
    assert ">Spring</a>" in page
    assert "Running" in page
    assert "of 3" in page
    assert "50 %" in page


def test_it_is_newest_first_and_sorts(as_alice: Browser, acme: Organisation) -> None:
    make(acme, "B", "A", "C")
    assert names(as_alice.get(LIST)) == ["C", "A", "B"]
    assert names(as_alice.get(f"{LIST}?sort=name")) == ["A", "B", "C"]
    assert names(as_alice.get(f"{LIST}?sort=-name")) == ["C", "B", "A"]
    assert names(as_alice.get(f"{LIST}?sort=nonsense")) == ["C", "A", "B"]


def test_it_searches_and_filters(as_alice: Browser, acme: Organisation) -> None:
    make(acme, "Spring", "Summer")
    make(acme, "Autumn", state="paused")
    assert names(as_alice.get(f"{LIST}?q=sum")) == ["Summer"]
    assert names(as_alice.get(f"{LIST}?state=paused")) == ["Autumn"]
    assert names(as_alice.get(f"{LIST}?state=nonsense&q=%00")) == ["Autumn", "Summer", "Spring"]
    page = as_alice.get(f"{LIST}?q=winter")
    assert names(page) == []
    assert "No campaign fits" in page.content.decode()


def test_it_pages_with_a_fixed_number_of_queries(
    as_alice: Browser, acme: Organisation, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    make(acme, *(f"No {number}" for number in range(60)))
    with django_assert_max_num_queries(12):
        response = as_alice.get(LIST)
    assert len(names(response)) == 50
    assert 'rel="next"' in response.content.decode()
    assert len(names(as_alice.get(f"{LIST}?page=2"))) == 10


def test_names_are_escaped(as_alice: Browser, acme: Organisation) -> None:
    make(acme, "<script>alert(1)</script>")
    assert "<script>alert" not in as_alice.get(LIST).content.decode()


def test_a_stranger_sees_none_of_them(as_charlie: Browser, campaign: Campaign) -> None:
    assert as_charlie.get(LIST).status_code == 404
    assert names(as_charlie.get("/o/other/campaigns/")) == []
