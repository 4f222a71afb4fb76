"""The leads page, one lead's page, and the forms: what they show, what they keep, and whom they refuse."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organisation, User
from leads.models import Lead, LeadList, Segment, Suppression, SuppressionReason
from leads.notes import add_note
from leads.services import erase_leads
from leads.suppression import suppress
from tests.conftest import Browser

BASE = "/o/acme/leads/"
PART = {"HX-Request-Type": "partial"}


def typed(**changes: Any) -> dict[str, Any]:
    """A filled form for a lead."""
    return {
        "email": "new@lead.example",
        "first_name": "New",
        "last_name": "Lead",
        "company": "",
        "title": "",
        "phone": "",
        "tags": "",
        "source": "",
        "field_name": [],
        "field_value": [],
    } | changes


def toast(response: Any) -> str:
    message: str = json.loads(response["HX-Trigger"])["toast"]["message"]
    return message


def test_the_table_shows_everybody_newest_first(as_alice: Browser, grace: Lead, ada: Lead, theirs: Lead) -> None:
    page = as_alice.get(BASE).content.decode()
    assert page.index("Ada Lovelace") < page.index("Grace Hopper")
    assert "2 leads" in page
    assert "Their Grace" not in page


def test_a_search_swaps_the_table_alone(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    whole = as_alice.get(BASE, {"q": "hopper"}).content.decode()
    part = as_alice.get(BASE, {"q": "hopper"}, headers=PART).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    assert "<form role=" not in part
    for page in (whole, part):
        assert "Grace Hopper" in page
        assert "Ada Lovelace" not in page
        assert "1 lead found" in page


def test_the_filters_narrow_and_the_links_keep_them(
    as_alice: Browser, grace: Lead, ada: Lead, joan: Lead, people: LeadList
) -> None:
    page = as_alice.get(BASE, {"list": str(people.pk), "tag": "press", "sort": "name"}).content.decode()
    assert "Grace Hopper" in page
    assert "Ada Lovelace" not in page
    assert f"?list={people.pk}&amp;tag=press&amp;sort=-name" in page


def test_fifty_stand_on_a_page(as_alice: Browser, add_lead: Callable[..., Lead]) -> None:
    for number in range(51):
        add_lead(f"lead{number:02}@many.example")
    first = as_alice.get(BASE).content.decode()
    assert "lead50@many.example" in first
    assert "lead00@many.example" not in first
    assert "All 51" in first
    behind = re.search(r'rel="next" href="([^"]+)"', first)
    assert behind
    second = as_alice.get(BASE + behind[1]).content.decode()
    assert "lead00@many.example" in second
    assert 'rel="prev"' in second


def test_an_empty_table_leads_on(as_alice: Browser) -> None:
    page = as_alice.get(BASE).content.decode()
    assert "Nobody here yet" in page
    assert "/o/acme/imports/new/" in page
    assert "/o/acme/leads/new/" in page


def test_a_search_without_finds_can_be_cleared(as_alice: Browser, grace: Lead) -> None:
    page = as_alice.get(BASE, {"q": "nobody"}).content.decode()
    assert "Nobody found" in page
    assert 'href="/o/acme/leads/">Clear the search' in page


def test_what_people_typed_is_escaped(as_alice: Browser, add_lead: Callable[..., Lead]) -> None:
    bad = "<script>alert(1)</script>"
    lead = add_lead("x@y.example", first_name=bad, company=bad, tags=[bad], fields={bad: bad}, source=bad)
    for path in (BASE, f"{BASE}?q={bad}", f"{BASE}{lead.pk}/", f"{BASE}{lead.pk}/edit/"):
        assert bad not in as_alice.get(path).content.decode()


def test_a_lead_is_added_with_all_its_fields(as_alice: Browser, acme: Organisation, people: LeadList) -> None:
    body = typed(
        email="Grace Hopper <grace@navy.example>",
        company="Navy",
        title="Admiral",
        phone="+1 555",
        tags="vip, press",
        field_name=["Language", "", "Rank"],
        field_value=["COBOL", "", "7"],
    )
    response = as_alice.post(f"{BASE}new/?list={people.pk}", body)
    lead = Lead.objects.get()
    assert response["HX-Location"] == f"{BASE}{lead.pk}/"
    assert toast(response) == "grace@navy.example is added to People."
    assert (lead.organisation, lead.email, lead.first_name, lead.title) == (
        acme,
        "grace@navy.example",
        "New",
        "Admiral",
    )
    assert (lead.tags, lead.fields) == (["vip", "press"], {"Language": "COBOL", "Rank": "7"})
    assert lead.source == "Entered by hand"
    assert list(people.leads.all()) == [lead]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"email": ""}, "Please fill this in."),
        ({"email": "not an address"}, "is not an email address"),
        ({"first_name": "x" * 201}, "At most 200 characters"),
        ({"tags": ",".join(str(n) for n in range(51))}, "50 tags at most"),
        ({"tags": "x" * 101}, "100 characters at most"),
        ({"field_name": [""], "field_value": ["orphan"]}, "Give this value a name."),
        ({"field_name": ["a", "a "], "field_value": ["1", "2"]}, "There are two fields called a."),
        ({"field_name": ["a"], "field_value": ["x" * 5001]}, "5000 characters at most"),
    ],
)
def test_bad_input_is_said_at_its_place_and_nothing_is_lost(
    as_alice: Browser, changes: dict[str, Any], message: str
) -> None:
    response = as_alice.post(f"{BASE}new/", typed(company="Kept GmbH", **changes))
    page = response.content.decode()
    assert response.status_code == 422
    assert message in page
    assert 'value="Kept GmbH"' in page
    assert not Lead.objects.exists()


def test_a_second_lead_of_an_address_is_refused_with_the_way_to_the_first(as_alice: Browser, grace: Lead) -> None:
    response = as_alice.post(f"{BASE}new/", typed(email="GRACE@navy.example"))
    assert response.status_code == 422
    assert f'There is a lead with this address already. <a href="{BASE}{grace.pk}/">' in response.content.decode()


def test_an_erased_person_is_not_added_by_hand(as_alice: Browser, grace: Lead) -> None:
    erase_leads(Lead.objects.filter(pk=grace.pk))
    response = as_alice.post(f"{BASE}new/", typed(email="grace@navy.example"))
    assert response.status_code == 422
    assert "was erased, and is not added again" in response.content.decode()
    assert not Lead.objects.exists()


def test_a_field_more_and_one_less_keep_what_is_typed(as_alice: Browser) -> None:
    body = typed(field_name=["a", "b"], field_value=["1", "2"])
    more = as_alice.post(f"{BASE}new/", body | {"more": "1"}, headers=PART).content.decode()
    assert more.count('name="field_name"') == 3
    less = as_alice.post(f"{BASE}new/", body | {"drop": "0"}, headers=PART).content.decode()
    assert less.count('name="field_name"') == 1
    assert 'value="b"' in less
    assert 'value="2"' in less
    odd = as_alice.post(f"{BASE}new/", body | {"drop": "9" * 5000}, headers=PART).content.decode()
    assert odd.count('name="field_name"') == 2
    assert not Lead.objects.exists()


def test_a_leads_page_tells_all_about_it(as_alice: Browser, grace: Lead, people: LeadList) -> None:
    page = as_alice.get(f"{BASE}{grace.pk}/").content.decode()
    for text in ("Grace", "Hopper", "grace@navy.example", "Navy", "Admiral", "+1 555 0100", "Language", "COBOL"):
        assert text in page
    for text in ("A conference", "press", f"/o/acme/lists/{people.pk}/", "Became a lead"):
        assert text in page


def test_its_page_tells_flags_segments_and_where_it_is_not_mailed(
    as_alice: Browser, acme: Organisation, grace: Lead
) -> None:
    rules = {"rules": [{"field": "company", "asks": "is", "value": "Navy"}]}
    Segment.objects.create(organisation=acme, name="Sailors", rules=rules)
    Segment.objects.create(organisation=acme, name="Broken", rules={"rules": [{"field": "x", "asks": "y"}]})
    Lead.objects.filter(pk=grace.pk).update(flags=["role"])
    suppress(acme, "navy.example", SuppressionReason.MANUAL, "test")
    page = as_alice.get(f"{BASE}{grace.pk}/").content.decode()
    assert "Sailors" in page
    assert "Broken" not in page
    assert ">Role</span>" in page
    assert "Nobody at navy.example is mailed." in page


def test_a_long_past_is_shown_by_the_page_and_by_kind(as_alice: Browser, grace: Lead, alice: User) -> None:
    for number in range(60):
        add_note(grace, f"Note {number}", alice)
    url = f"{BASE}{grace.pk}/"
    first = as_alice.get(url)
    assert (len(first.context["timeline"]), first.context["more"]) == (50, 100)
    assert len(as_alice.get(f"{url}?shown=100").context["timeline"]) == 61
    assert [entry.kind for entry in as_alice.get(f"{url}?kind=added").context["timeline"]] == ["added"]
    part = as_alice.get(f"{url}?shown=100", headers=PART).content.decode()
    assert "What happened" not in part


def test_a_lead_is_changed(as_alice: Browser, grace: Lead) -> None:
    form = as_alice.get(f"{BASE}{grace.pk}/edit/").content.decode()
    for text in ('value="Grace"', 'value="vip, press"', 'value="Language"', 'value="COBOL"', 'value="A conference"'):
        assert text in form
    body = typed(email="grace@yale.example", field_name=["Language"], field_value=["FORTRAN"], source="Yale")
    response = as_alice.post(f"{BASE}{grace.pk}/edit/", body)
    assert response["HX-Location"] == f"{BASE}{grace.pk}/"
    grace.refresh_from_db()
    assert (grace.email_key, grace.fields, grace.tags) == ("grace@yale.example", {"Language": "FORTRAN"}, [])
    assert grace.source == "Yale"


def test_a_change_to_anothers_address_changes_nothing(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    response = as_alice.post(f"{BASE}{grace.pk}/edit/", typed(email=ada.email))
    assert response.status_code == 422
    assert "Edit Grace Hopper" in response.content.decode()
    grace.refresh_from_db()
    assert (grace.email, grace.first_name) == ("grace@navy.example", "Grace")


def test_a_lead_erased_under_the_form_stays_erased(
    as_alice: Browser, grace: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Lead.objects.select_related("organisation").get(pk=grace.pk)
    erase_leads(Lead.objects.filter(pk=grace.pk))
    monkeypatch.setattr("leads.views.leads.found_lead", lambda *about: seen)
    assert as_alice.post(f"/o/acme/leads/{seen.pk}/edit/", typed()).status_code == 404
    assert not Lead.objects.exists()


def test_erasing_leaves_a_digest_and_says_so(as_alice: Browser, grace: Lead) -> None:
    response = as_alice.post(f"{BASE}{grace.pk}/delete/")
    assert response["HX-Location"] == BASE
    assert not Lead.objects.exists()
    assert Suppression.objects.get().reason == SuppressionReason.ERASED
    assert as_alice.get(f"{BASE}{grace.pk}/").status_code == 404


def test_mail_is_stopped_and_allowed_again(as_alice: Browser, grace: Lead) -> None:
    as_alice.post(f"{BASE}{grace.pk}/suppress/")
    entry = Suppression.objects.get()
    assert (entry.reason, entry.source) == ("manual", "by Alice Archer")
    page = as_alice.get(f"{BASE}{grace.pk}/").content.decode()
    assert "This address is not mailed." in page
    assert "Mail again" in page
    assert "Do not mail" in as_alice.get(BASE).content.decode()
    as_alice.post(f"{BASE}{grace.pk}/unsuppress/")
    assert not Suppression.objects.exists()
    assert as_alice.post(f"{BASE}{grace.pk}/unsuppress/").status_code == 204


def test_a_complaint_cannot_be_undone(as_alice: Browser, acme: Organisation, grace: Lead) -> None:
    suppress(acme, grace.email, SuppressionReason.COMPLAINED, "")
    assert "Mail again" not in as_alice.get(f"{BASE}{grace.pk}/").content.decode()
    assert "never mailed again" in toast(as_alice.post(f"{BASE}{grace.pk}/unsuppress/"))
    assert Suppression.objects.count() == 1


PAGES = [("get", ""), ("get", "edit/"), ("post", "edit/"), ("post", "delete/"), ("post", "suppress/")]


@pytest.mark.parametrize(("method", "path"), [*PAGES, ("post", "unsuppress/")])
def test_a_stranger_finds_nothing(as_charlie: Browser, grace: Lead, method: str, path: str) -> None:
    send = getattr(as_charlie, method)
    assert send(f"{BASE}{grace.pk}/{path}").status_code == 404
    assert send(f"/o/other/leads/{grace.pk}/{path}").status_code == 404
    assert Lead.objects.count() == 1
    assert not Suppression.objects.exists()


def test_a_strangers_table_and_lists_are_ones_own(as_charlie: Browser, grace: Lead, people: LeadList) -> None:
    assert as_charlie.get(BASE).status_code == 404
    assert "Grace" not in as_charlie.get("/o/other/leads/").content.decode()
    assert as_charlie.get("/o/other/leads/", {"list": people.pk}).status_code == 404
    assert as_charlie.get("/o/other/leads/new/", {"list": people.pk}).status_code == 404


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, grace: Lead) -> None:
    table = as_vera.get(BASE).content.decode()
    assert "Grace Hopper" in table
    assert 'name="lead"' not in table
    lead = as_vera.get(f"{BASE}{grace.pk}/").content.decode()
    assert "Edit" not in lead
    assert "Erase" not in lead
    for path in ("new/", f"{grace.pk}/edit/"):
        assert as_vera.get(BASE + path).status_code == 403
    for path in ("new/", "bulk/", *(f"{grace.pk}/{verb}/" for verb in ("edit", "delete", "suppress", "unsuppress"))):
        assert as_vera.post(BASE + path, typed()).status_code == 403
    assert list(Lead.objects.all()) == [grace]


def test_looking_changes_nothing(as_alice: Browser, grace: Lead) -> None:
    for path in ("bulk/", f"{grace.pk}/delete/", f"{grace.pk}/suppress/", f"{grace.pk}/unsuppress/"):
        assert as_alice.get(BASE + path).status_code == 405
    assert list(Lead.objects.all()) == [grace]
