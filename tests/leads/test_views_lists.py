"""The lists, and one list's page."""

import pytest

from leads.lists import LIST_GUARDS
from leads.models import Lead, LeadList
from tests.conftest import Browser

BASE = "/o/acme/lists/"


def test_the_lists_stand_by_name_with_their_sizes(
    as_alice: Browser, grace: Lead, ada: Lead, their_list: LeadList
) -> None:
    as_alice.post(BASE, {"name": "Empty"})
    page = as_alice.get(BASE).content.decode()
    assert page.index("Empty") < page.index("People")
    assert '<td class="num">2</td>' in page
    assert "Theirs" not in page


def test_without_lists_the_page_leads_on(as_alice: Browser) -> None:
    page = as_alice.get(BASE).content.decode()
    assert "No lists yet" in page
    assert "Make the list" in page


def test_a_list_is_made(as_alice: Browser) -> None:
    response = as_alice.post(BASE, {"name": "Spring <fair>"})
    assert response["HX-Location"] == f"{BASE}{LeadList.objects.get(name='Spring <fair>').pk}/"
    assert "Spring &lt;fair&gt;" in as_alice.get(BASE).content.decode()


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "Please fill this in."), ("People", "There is a list called People already."), ("x" * 201, "At most 200")],
)
def test_a_bad_name_is_said_at_its_place(as_alice: Browser, people: LeadList, name: str, message: str) -> None:
    response = as_alice.post(BASE, {"name": name})
    assert response.status_code == 422
    assert message in response.content.decode()
    assert LeadList.objects.count() == 1


def test_a_lists_page_is_the_table_of_its_leads(
    as_alice: Browser, grace: Lead, ada: Lead, joan: Lead, people: LeadList
) -> None:
    page = as_alice.get(f"{BASE}{people.pk}/").content.decode()
    assert "Grace Hopper" in page
    assert "joan@eniac.example" not in page
    assert "Remove from this list" in page
    part = as_alice.get(f"{BASE}{people.pk}/", {"q": "ada"}, headers={"HX-Request-Type": "partial"}).content.decode()
    assert "<html" not in part
    assert "Grace" not in part
    assert "1 lead found on this list" in part


def test_an_empty_list_leads_on(as_alice: Browser, people: LeadList) -> None:
    page = as_alice.get(f"{BASE}{people.pk}/").content.decode()
    assert "Nobody is on this list yet" in page
    assert f"/o/acme/leads/new/?list={people.pk}" in page


def test_a_list_is_renamed(as_alice: Browser, people: LeadList) -> None:
    assert 'value="People"' in as_alice.get(f"{BASE}{people.pk}/rename/").content.decode()
    response = as_alice.post(f"{BASE}{people.pk}/rename/", {"name": "Friends"})
    assert response["HX-Location"] == f"{BASE}{people.pk}/"
    people.refresh_from_db()
    assert people.name == "Friends"


def test_a_list_deleted_under_the_form_stays_deleted(
    as_alice: Browser, people: LeadList, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = LeadList.objects.get(pk=people.pk)
    people.delete()
    monkeypatch.setattr("leads.views.lists.found_list", lambda *about: seen)
    assert as_alice.post(f"/o/acme/lists/{seen.pk}/rename/", {"name": "Others"}).status_code == 404
    assert not LeadList.objects.exists()


def test_a_taken_name_leaves_the_old_one(as_alice: Browser, people: LeadList) -> None:
    as_alice.post(BASE, {"name": "Friends"})
    response = as_alice.post(f"{BASE}{people.pk}/rename/", {"name": "Friends"})
    assert response.status_code == 422
    assert "Rename People" in response.content.decode()
    people.refresh_from_db()
    assert people.name == "People"


def test_a_deleted_list_leaves_its_leads(as_alice: Browser, grace: Lead, people: LeadList) -> None:
    response = as_alice.post(f"{BASE}{people.pk}/delete/")
    assert response["HX-Location"] == BASE
    assert not LeadList.objects.exists()
    assert list(Lead.objects.all()) == [grace]


def test_a_list_that_is_needed_says_why_it_stays(
    as_alice: Browser, grace: Lead, people: LeadList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.lists.LIST_GUARDS", [*LIST_GUARDS, lambda chosen: "Spring is sent to it."])
    response = as_alice.post(f"{BASE}{people.pk}/delete/")
    assert response.status_code == 422
    assert "Spring is sent to it." in response.content.decode()
    assert LeadList.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "path"), [("get", ""), ("get", "rename/"), ("post", "rename/"), ("post", "delete/")]
)
def test_a_stranger_finds_nothing(as_charlie: Browser, people: LeadList, method: str, path: str) -> None:
    send = getattr(as_charlie, method)
    assert send(f"{BASE}{people.pk}/{path}").status_code == 404
    assert send(f"/o/other/lists/{people.pk}/{path}").status_code == 404
    people.refresh_from_db()
    assert people.name == "People"


def test_a_stranger_sees_no_lists_of_others(as_charlie: Browser, people: LeadList) -> None:
    assert as_charlie.get(BASE).status_code == 404
    assert "People" not in as_charlie.get("/o/other/lists/").content.decode()


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, grace: Lead, people: LeadList) -> None:
    assert "New list" not in as_vera.get(BASE).content.decode()
    page = as_vera.get(f"{BASE}{people.pk}/").content.decode()
    assert "Grace Hopper" in page
    assert "Rename" not in page
    assert as_vera.get(f"{BASE}{people.pk}/rename/").status_code == 403
    for path in ("", f"{people.pk}/rename/", f"{people.pk}/delete/"):
        assert as_vera.post(BASE + path, {"name": "X"}).status_code == 403
    assert list(LeadList.objects.values_list("name", flat=True)) == ["People"]
