"""The Leads tab of a campaign: where each stands, and what may be done with one or many."""

import json

import pytest

from accounts.models import User
from campaigns.models import Campaign, Enrollment
from campaigns.services import start_campaign
from tests.conftest import Browser


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    return start_campaign(campaign, alice)


def page(campaign: Campaign, query: str = "") -> str:
    return f"/o/acme/campaigns/{campaign.pk}/leads/{query}"


def toast(response: object) -> str:
    return str(json.loads(response["HX-Trigger"])["toast"]["message"])  # type: ignore[index]


def test_it_lists_searches_filters_and_sorts(as_alice: Browser, running: Campaign) -> None:
    grace = Enrollment.objects.get(campaign=running, lead__first_name="Grace")
    Enrollment.objects.filter(pk=grace.pk).update(state="stopped", reason="replied")

    def shown(query: str) -> list[str]:
        return [row.lead.email for row in as_alice.get(page(running, query)).context["page"].object_list]

    assert len(shown("")) == 3
    assert shown("?q=ada") == ["ada@example.com"]
    assert shown("?state=stopped") == ["grace@example.com"]
    assert "Replied" in as_alice.get(page(running)).content.decode()
    assert shown("?step=1&sort=email") == ["ada@example.com", "nobody@example.com"]
    assert shown("?step=2") == []
    assert shown("?state=nonsense&sort=nonsense&step=x") == shown("")


def test_the_ticked_ones_are_paused_and_the_answer_counts_who_could_not(as_alice: Browser, running: Campaign) -> None:
    rows = list(Enrollment.objects.filter(campaign=running).order_by("pk"))
    Enrollment.objects.filter(pk=rows[0].pk).update(state="finished")
    response = as_alice.post(page(running, "pause/"), {"enrollment": [rows[0].pk, rows[1].pk]})
    assert toast(response) == "Pause: 1 lead. 1 other is in no state for it, and stayed as before."
    rows[1].refresh_from_db()
    assert rows[1].state == "paused"


def test_all_means_what_the_search_finds(as_alice: Browser, running: Campaign) -> None:
    as_alice.post(page(running, "remove/"), {"all": "on", "q": "ada"})
    stopped = Enrollment.objects.filter(campaign=running, state="stopped")
    assert [row.lead.email for row in stopped] == ["ada@example.com"]


def test_nothing_ticked_and_unknown_actions_do_nothing(as_alice: Browser, running: Campaign) -> None:
    one = Enrollment.objects.filter(campaign=running).first()
    assert one is not None
    for action, ticked in (("pause", []), ("explode", [one.pk]), ("pause", ["x"])):
        assert toast(as_alice.post(page(running, f"{action}/"), {"enrollment": ticked})).startswith("Tick the leads")
    assert set(Enrollment.objects.values_list("state", flat=True)) == {"active"}


def test_viewers_look_and_strangers_do_not(as_vera: Browser, as_charlie: Browser, running: Campaign) -> None:
    assert not as_vera.get(page(running)).context["choosing"]
    assert as_vera.post(page(running, "pause/"), {"all": "on"}).status_code == 403
    assert as_charlie.get(page(running)).status_code == 404


def test_a_program_lists_them_and_acts_on_one(as_alice: Browser, as_charlie: Browser, running: Campaign) -> None:
    base = f"/orgs/acme/campaigns/{running.pk}/enrollments"
    items = as_alice.api("GET", base).json()["items"]
    assert [(item["state"], item["next_step"]) for item in items] == [("active", 1)] * 3
    one = f"{base}/{items[0]['id']}"
    assert as_alice.api("POST", f"{one}/pause").json()["state"] == "paused"
    assert as_alice.api("POST", f"{one}/pause").status_code == 409
    assert as_alice.api("POST", f"{one}/dance").status_code == 404
    assert len(as_alice.api("GET", f"{base}?state=paused").json()["items"]) == 1
    assert as_charlie.api("GET", base).status_code == 404
