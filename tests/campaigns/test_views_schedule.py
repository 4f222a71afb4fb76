"""The Schedule tab: the hours, how much, and what is counted."""

from typing import Any

import pytest

from campaigns.models import Campaign
from tests.conftest import Browser

TYPED: dict[str, Any] = {
    "track_clicks": "on",
    "priority": "1",
    "daily_cap": "200",
    "daily_new": "",
    "hand_over": "on",
    "window-time_zone": "Europe/Berlin",
    "window-start": "09:00",
    "window-end": "17:00",
    "window-days": ["0", "1"],
}


def schedule(campaign: Campaign) -> str:
    return f"/o/acme/campaigns/{campaign.pk}/schedule/"


def test_it_is_kept_as_it_was_typed(as_alice: Browser, campaign: Campaign) -> None:
    assert as_alice.post(schedule(campaign), TYPED).status_code == 204
    campaign.refresh_from_db()
    assert (campaign.track_opens, campaign.track_clicks) == (False, True)
    assert (campaign.window, campaign.time_zone) == (None, "Europe/Berlin")
    assert (campaign.priority, campaign.daily_cap, campaign.daily_new, campaign.hand_over) == (1, 200, None, True)
    as_alice.post(schedule(campaign), TYPED | {"window-limited": "on"})
    campaign.refresh_from_db()
    assert campaign.window == {"days": [0, 1], "start": "09:00", "end": "17:00", "time_zone": "Europe/Berlin"}
    shown = as_alice.get(schedule(campaign)).context
    assert shown["form"]["track_opens"].value() is False
    assert shown["window"]["time_zone"].value() == "Europe/Berlin"


@pytest.mark.parametrize(
    "changes",
    [{"window-days": []}, {"window-start": "25:00"}, {"window-time_zone": "Mars"}, {"window-days_off": "2026-13-01"}],
)
def test_hours_that_make_no_sense_are_told(as_alice: Browser, campaign: Campaign, changes: dict[str, Any]) -> None:
    response = as_alice.post(schedule(campaign), TYPED | {"window-limited": "on"} | changes)
    assert response.status_code == 422
    assert response.context["window"].errors


@pytest.mark.parametrize("changes", [{"daily_cap": "0"}, {"daily_new": "many"}, {"priority": "9"}])
def test_limits_that_make_no_sense_are_told(as_alice: Browser, campaign: Campaign, changes: dict[str, Any]) -> None:
    response = as_alice.post(schedule(campaign), TYPED | changes)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == list(changes)


def test_a_zone_that_makes_no_sense_means_nothing_while_it_is_hidden(as_alice: Browser, campaign: Campaign) -> None:
    assert as_alice.post(schedule(campaign), TYPED | {"window-time_zone": "Nope"}).status_code == 204
    campaign.refresh_from_db()
    assert (campaign.window, campaign.time_zone) == (None, "UTC")


def test_a_viewer_only_looks_and_a_stranger_finds_nothing(
    as_vera: Browser, as_charlie: Browser, campaign: Campaign
) -> None:
    assert as_vera.get(schedule(campaign)).status_code == 200
    assert as_vera.post(schedule(campaign), TYPED).status_code == 403
    assert as_charlie.get(schedule(campaign)).status_code == 404
    assert as_charlie.post(schedule(campaign), TYPED).status_code == 404
