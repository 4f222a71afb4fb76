"""The Calendar tab, and the calendar of all campaigns."""

import pytest

from accounts.models import User
from campaigns.models import Campaign
from campaigns.services import start_campaign
from tests.conftest import Browser

ALL = "/o/acme/campaigns/calendar/"


def own(campaign: Campaign) -> str:
    return f"/o/acme/campaigns/{campaign.pk}/calendar/"


def test_a_viewer_reads_what_is_to_come_as_a_table(as_vera: Browser, campaign: Campaign) -> None:
    page = as_vera.get(own(campaign)).content.decode()
    assert '<caption class="visually-hidden">Mails of each step by day</caption>' in page
    assert 'class="today" aria-current="date"' in page
    assert "<strong>3<span" in page
    assert "Nothing in these weeks" in as_vera.get(ALL).content.decode(), "drafts start when somebody starts them"


def test_all_campaigns_together(as_vera: Browser, campaign: Campaign, alice: User) -> None:
    Campaign.objects.update(name="Spring & <Summer>")
    start_campaign(campaign, alice)
    page = as_vera.get(ALL).content.decode()
    assert f'<a href="{own(campaign)}" title="Spring &amp; &lt;Summer&gt;">' in page
    assert f'href="{ALL}"' in as_vera.get("/o/acme/campaigns/").content.decode()


@pytest.mark.parametrize("when", ["2020-01-01", "soon", "9999-12-31", "0001-01-01", "2026-W01-1"])
def test_any_week_may_be_asked_for(as_vera: Browser, campaign: Campaign, when: str) -> None:
    for page in (own(campaign), ALL):
        assert as_vera.get(page, {"from": when}).status_code == 200


def test_a_stranger_finds_nothing(as_charlie: Browser, campaign: Campaign) -> None:
    assert as_charlie.get(own(campaign)).status_code == 404
    assert as_charlie.get(ALL).status_code == 404
