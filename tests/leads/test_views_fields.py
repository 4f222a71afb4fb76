"""The pages of custom fields and of tags: what they change, for how many, and by whom."""

import json
from typing import Any

import pytest

from accounts.models import Organisation
from leads.fields import save_field
from leads.models import CustomField, FieldKind, Lead
from tests.conftest import Browser

FIELDS, TAGS = "/o/acme/fields/", "/o/acme/tags/"


def toast(response: Any) -> str:
    message: str = json.loads(response["HX-Trigger"])["toast"]["message"]
    return message


@pytest.fixture
def seats(acme: Organisation) -> CustomField:
    return save_field(CustomField(organisation=acme, name="Seats"), FieldKind.NUMBER)


def test_a_field_is_made(as_alice: Browser) -> None:
    assert "No custom fields yet" in as_alice.get(FIELDS).content.decode()
    response = as_alice.post(f"{FIELDS}define/", {"name": "Plan", "kind": "choice", "choices": ""})
    assert response.status_code == 422
    assert "Say what can be chosen" in response.content.decode()
    as_alice.post(f"{FIELDS}define/", {"name": "Plan", "kind": "choice", "choices": "Free\r\nTeam\r\n"})
    assert CustomField.objects.get().choices == ["Free", "Team"]
    assert "Free, Team" in as_alice.get(FIELDS).content.decode()


def test_another_kind_is_told_how_many_values_would_not_fit(as_alice: Browser, grace: Lead) -> None:
    url = f"{FIELDS}define/?name=Language"
    response = as_alice.post(url, {"kind": "number"})
    assert response.status_code == 422
    assert "1 lead has a value that this field would not hold" in response.content.decode()
    assert not CustomField.objects.exists()
    as_alice.post(url, {"kind": "number", "sure": "1"})
    assert CustomField.objects.get().kind == "number"


def test_a_field_is_renamed_and_deleted_with_its_values(as_alice: Browser, seats: CustomField, grace: Lead) -> None:
    response = as_alice.post(f"{FIELDS}rename/?name=Language", {"name": "Seats"})
    assert "There is a field called Seats already." in response.content.decode()
    as_alice.post(f"{FIELDS}rename/?name=Language", {"name": "Tongue"})
    grace.refresh_from_db()
    assert grace.fields == {"Tongue": "COBOL"}
    as_alice.post(f"{FIELDS}delete/", {"name": "Tongue"})
    as_alice.post(f"{FIELDS}delete/", {"name": "Seats"})
    grace.refresh_from_db()
    assert grace.fields == {}
    assert not CustomField.objects.exists()


def test_a_leads_form_takes_what_its_fields_hold(as_alice: Browser, seats: CustomField, grace: Lead) -> None:
    url = f"/o/acme/leads/{grace.pk}/edit/"
    assert 'value="Seats" readonly' in as_alice.get(url).content.decode()
    body = {"email": grace.email, "field_name": "Seats", "field_value": "many"}
    response = as_alice.post(url, body)
    assert response.status_code == 422
    assert "Enter a number, like 2.5." in response.content.decode()
    as_alice.post(url, body | {"field_value": "2,5"})
    grace.refresh_from_db()
    assert grace.fields == {"Seats": "2.5"}


def test_tags_with_how_many_carry_them(as_alice: Browser, grace: Lead, ada: Lead, theirs: Lead) -> None:
    page = as_alice.get(TAGS).content.decode()
    assert 'href="/o/acme/leads/?tag=vip"' in page
    assert '<td class="num">2</td>' in page


def test_a_tag_is_renamed_or_becomes_another(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    assert "1 lead carries it." in as_alice.get(f"{TAGS}rename/?tag=press").content.decode()
    assert as_alice.post(f"{TAGS}rename/?tag=press", {"name": "press"}).status_code == 422
    assert toast(as_alice.post(f"{TAGS}rename/?tag=press", {"name": "vip"})) == "press is vip now, on 1 lead."
    grace.refresh_from_db()
    assert grace.tags == ["vip"]


def test_a_tag_is_deleted_and_the_way_back_is_shown(as_alice: Browser, grace: Lead) -> None:
    response = as_alice.post(f"{TAGS}delete/", {"tag": "press"})
    grace.refresh_from_db()
    assert grace.tags == ["vip"]
    page = as_alice.get(response["HX-Location"]).content.decode()
    assert "press taken off 1 lead." in page
    assert "/undo/" in page


def test_a_stranger_and_a_viewer_change_nothing(
    as_charlie: Browser, as_vera: Browser, seats: CustomField, grace: Lead
) -> None:
    for base, body in ((FIELDS, {"name": "Language"}), (TAGS, {"tag": "vip"})):
        assert as_charlie.get(base).status_code == 404
        assert as_vera.get(base).status_code == 200
        assert as_vera.post(f"{base}delete/", body).status_code == 403
        as_charlie.post(f"{base.replace('acme', 'other')}delete/", body)
    assert as_charlie.get("/o/other/fields/define/?name=Seats").status_code == 404
    grace.refresh_from_db()
    assert (grace.tags, grace.fields) == (["vip", "press"], {"Language": "COBOL"})
