"""What is done with several leads at once."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from leads.models import BulkAction, BulkTarget, Lead, LeadList, Suppression, SuppressionReason
from leads.suppression import suppress_lead
from tests.conftest import Browser

URL = "/o/acme/leads/bulk/"


def toast(response: Any) -> str:
    message: str = json.loads(response["HX-Trigger"])["toast"]["message"]
    return message


def confirmed(page: str) -> dict[str, str]:
    """What the confirmation posts."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def test_the_chosen_go_on_a_list_that_is_made_for_them(as_alice: Browser, grace: Lead, joan: Lead) -> None:
    response = as_alice.post(
        URL, {"action": "add", "name": "Fresh", "lead": [grace.pk, joan.pk], "q": "a", "page": "x"}
    )
    assert set(LeadList.objects.get(name="Fresh").leads.all()) == {grace, joan}
    assert toast(response) == "2 leads added to Fresh."
    assert response["HX-Location"] == f"/o/acme/leads/?q=a&page=x&done={BulkAction.objects.get().pk}"


def test_the_chosen_go_on_a_list_that_is_there(as_alice: Browser, grace: Lead, joan: Lead, people: LeadList) -> None:
    response = as_alice.post(URL, {"action": "add", "name": " People ", "lead": [grace.pk, joan.pk]})
    assert toast(response) == "1 lead added to People."
    assert set(people.leads.all()) == {grace, joan}
    assert (
        toast(as_alice.post(URL, {"action": "add", "name": "People", "lead": [joan.pk]}))
        == "Nothing had to be changed."
    )


def test_the_chosen_are_tagged_and_it_is_taken_back_beside_the_table(
    as_alice: Browser, grace: Lead, joan: Lead
) -> None:
    response = as_alice.post(URL, {"action": "tag", "tag_name": "vip", "lead": [grace.pk, joan.pk]})
    assert toast(response) == "1 lead tagged vip."
    page = as_alice.get(response["HX-Location"]).content.decode()
    assert "1 lead tagged vip." in page
    undo = f"/o/acme/leads/bulk/{BulkAction.objects.get().pk}/undo/"
    assert f'action="{undo}"' in page
    assert toast(as_alice.post(undo)) == "Taken back."
    grace.refresh_from_db()
    joan.refresh_from_db()
    assert (grace.tags, joan.tags) == (["vip", "press"], [])  # she was one before


def test_all_that_the_search_finds_is_counted_confirmed_and_taken_page_or_not(
    as_alice: Browser, add_lead: Callable[..., Lead], grace: Lead
) -> None:
    for number in range(60):
        add_lead(f"{number}@many.example")
    body = {"action": "add", "name": "Many", "lead": [grace.pk], "all": "1", "q": "many.example"}
    page = as_alice.post(URL, body).content.decode()
    assert "Add 60 leads to “Many”" in page
    assert not LeadList.objects.filter(name="Many").exists()
    assert toast(as_alice.post(URL, {**confirmed(page), "action": "add"})) == "60 leads added to Many."
    assert not LeadList.objects.get(name="Many").leads.filter(pk=grace.pk).exists()


def test_many_are_left_to_a_worker(as_alice: Browser, grace: Lead, ada: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.bulk.flow.AT_ONCE", 1)
    response = as_alice.post(URL, {"action": "tag", "tag_name": "new", "lead": [grace.pk, ada.pk]})
    bulk = BulkAction.objects.get()
    assert response["HX-Location"] == f"/o/acme/leads/bulk/{bulk.pk}/"
    assert bulk.state == "pending"
    assert "Finding the leads" in as_alice.get(response["HX-Location"]).content.decode()
    assert f'href="{response["HX-Location"]}"' in as_alice.get("/o/acme/leads/").content.decode()


def test_what_was_done_stands_in_a_list_of_ones_own(as_alice: Browser, as_charlie: Browser, grace: Lead) -> None:
    assert "Nothing yet" in as_alice.get(f"{URL}earlier/").content.decode()
    as_alice.post(URL, {"action": "tag", "tag_name": "new", "lead": [grace.pk]})
    page = as_alice.get(f"{URL}earlier/").content.decode()
    assert "Tag leads “new”" in page
    assert "1 lead tagged new." in page
    assert as_charlie.get(f"{URL}earlier/").status_code == 404
    assert "new" not in as_charlie.get("/o/other/leads/bulk/earlier/").content.decode().partition("<main")[2]


def test_the_chosen_leave_the_list_that_is_shown(as_alice: Browser, grace: Lead, ada: Lead, people: LeadList) -> None:
    body = {"action": "remove", "list": people.pk, "on": "list", "lead": [grace.pk]}
    response = as_alice.post(URL, body)
    assert toast(response) == "1 lead removed from People."
    assert response["HX-Location"].startswith(f"/o/acme/lists/{people.pk}/?done=")
    assert list(people.leads.all()) == [ada]
    assert Lead.objects.count() == 2


def test_the_chosen_are_not_mailed_any_more_until_that_is_taken_back(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    suppress_lead(ada, SuppressionReason.BOUNCED, "")
    response = as_alice.post(URL, {"action": "suppress", "lead": [grace.pk, ada.pk]})
    assert toast(response) == "1 lead not mailed any more."
    as_alice.post(f"/o/acme/leads/bulk/{BulkAction.objects.get().pk}/undo/")
    assert [entry.reason for entry in Suppression.objects.all()] == ["bounced"]


def test_erasing_asks_first_and_says_how_many(as_alice: Browser, grace: Lead, ada: Lead, joan: Lead) -> None:
    response = as_alice.post(URL, {"action": "erase", "lead": [grace.pk, ada.pk]})
    page = response.content.decode()
    assert response.status_code == 200
    assert "Erase 2 leads?" in page
    assert "grace@navy.example" in page
    assert "joan@eniac.example" not in page
    assert Lead.objects.count() == 3
    assert toast(as_alice.post(URL, {**confirmed(page), "action": "erase"})) == "2 leads erased."
    assert list(Lead.objects.all()) == [joan]
    assert Suppression.objects.filter(reason="erased").count() == 2
    assert not BulkTarget.objects.exists()


def test_what_was_confirmed_is_erased_and_no_more(
    as_alice: Browser, add_lead: Callable[..., Lead], grace: Lead
) -> None:
    page = as_alice.post(URL, {"action": "erase", "all": "1"}).content.decode()
    later = add_lead("later@came.example")
    as_alice.post(URL, {**confirmed(page), "action": "erase"})
    assert list(Lead.objects.all()) == [later]


def test_an_export_of_the_chosen_asks_for_columns(as_alice: Browser, grace: Lead) -> None:
    response = as_alice.post(URL, {"action": "export", "lead": [grace.pk]})
    assert response["HX-Location"] == f"/o/acme/leads/export/?leads={grace.pk}"
    assert "Export 1 lead" in as_alice.get(response["HX-Location"]).content.decode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"action": "add", "name": "X"}, "Choose some leads first."),
        ({"action": "add", "name": " ", "lead": "LEAD"}, "Give the list a name."),
        ({"action": "remove", "lead": "LEAD"}, "Choose a list first"),
        ({"action": "tag", "tag_name": " , ", "lead": "LEAD"}, "Say which tag."),
        ({"action": "dance", "lead": "LEAD"}, "Choose what to do"),
        ({"action": "erase", "lead": "999999"}, "not there any more"),
        ({"action": "erase", "lead": "x' OR 1=1"}, "Choose some leads first."),
    ],
)
def test_what_cannot_be_done_is_said_and_the_choice_stays(
    as_alice: Browser, grace: Lead, body: dict[str, str], message: str
) -> None:
    body = body | {"q": "grace"} | ({"lead": str(grace.pk)} if body.get("lead") == "LEAD" else {})
    response = as_alice.post(URL, body)
    page = response.content.decode()
    assert response.status_code == 422
    assert message in page
    assert "Grace Hopper" in page
    assert ("checked" in page) == (body.get("lead") == str(grace.pk))
    assert not LeadList.objects.exclude(name="People").exists()


def test_others_leads_are_not_touched(
    as_alice: Browser, as_charlie: Browser, grace: Lead, theirs: Lead, people: LeadList
) -> None:
    as_alice.post(URL, {"action": "add", "name": "Mine", "lead": [grace.pk, theirs.pk]})
    assert list(LeadList.objects.get(name="Mine").leads.all()) == [grace]
    undo = f"leads/bulk/{BulkAction.objects.get().pk}/undo/"
    assert as_charlie.post(f"/o/acme/{undo}").status_code == 404
    assert as_charlie.post(f"/o/other/{undo}").status_code == 404
    body: dict[str, Any] = {"action": "erase", "confirmed": "1", "lead": [grace.pk]}
    assert as_charlie.post(URL, body).status_code == 404
    as_charlie.post("/o/other/leads/bulk/", body)
    body = {"action": "remove", "list": people.pk, "lead": [grace.pk]}
    assert as_charlie.post("/o/other/leads/bulk/", body).status_code == 404
    assert people.leads.filter(pk=grace.pk).exists()


def test_a_viewer_does_nothing(as_vera: Browser, grace: Lead) -> None:
    assert as_vera.post(URL, {"action": "erase", "confirmed": "1", "lead": [grace.pk]}).status_code == 403
    assert Lead.objects.count() == 1
