"""Segments' pages: built, counted, saved, shown, deleted, and by whom."""

from typing import Any

import pytest

from accounts.models import Organisation
from leads.models import Lead, Segment
from leads.segments.rules import Rule, Rules
from leads.segments.saving import save_segment
from tests.conftest import Browser

BASE = "/o/acme/segments/"
NAVY = {"g0-match": "all", "g0-r0-field": "company", "g0-r0-asks": "is", "g0-r0-value": "navy"}


@pytest.fixture
def navy(acme: Organisation) -> Segment:
    rules = Rules(rules=(Rule(field="company", asks="is", value="navy"),))
    return save_segment(Segment(organisation=acme), "The navy", rules)


def test_without_segments_the_page_leads_on(as_alice: Browser, as_vera: Browser) -> None:
    assert f'href="{BASE}new/"' in as_alice.get(BASE).content.decode()
    assert f'href="{BASE}new/"' not in as_vera.get(BASE).content.decode()


def test_the_builder_counts_as_one_clicks_and_saves_nothing(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    assert "Add a condition" in as_alice.get(f"{BASE}new/").content.decode()
    page = as_alice.post(f"{BASE}build/", NAVY | {"do": "add-0"}).content.decode()
    assert 'name="g0-r1-field"' in page
    assert "Add a condition first." not in page
    page = as_alice.post(f"{BASE}build/", NAVY).content.decode()
    assert "<strong>1 lead</strong> matches now." in page
    assert not Segment.objects.exists()


def test_a_segment_is_saved_and_shows_who_is_in_it(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    response = as_alice.post(f"{BASE}new/", NAVY | {"name": " The navy "})
    segment = Segment.objects.get()
    assert response["HX-Location"] == f"{BASE}{segment.pk}/"
    assert segment.name == "The navy"
    page = as_alice.get(f"{BASE}{segment.pk}/").content.decode()
    assert "grace@navy.example" in page
    assert "ada@engine.example" not in page
    assert "1 lead in this segment" in page
    assert "The navy" in as_alice.get(BASE).content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (NAVY | {"name": ""}, "Give the segment a name."),
        (NAVY | {"name": "X", "g0-r0-value": ""}, "Please fill this in."),
        ({"name": "X"}, "Add a condition first."),
        (NAVY | {"name": "The navy"}, "There is a segment called The navy already."),
    ],
)
def test_what_cannot_be_saved_is_said_and_nothing_is_lost(
    as_alice: Browser, navy: Segment, typed: dict[str, Any], said: str
) -> None:
    response = as_alice.post(f"{BASE}new/", typed)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert Segment.objects.count() == 1


def test_a_segment_is_edited_and_deleted(as_alice: Browser, navy: Segment, grace: Lead) -> None:
    assert 'value="navy"' in as_alice.get(f"{BASE}{navy.pk}/edit/").content.decode()
    as_alice.post(f"{BASE}{navy.pk}/edit/", NAVY | {"name": "Sailors", "g0-r0-value": "army"})
    navy.refresh_from_db()
    assert (navy.name, navy.rules["rules"][0]["value"]) == ("Sailors", "army")
    assert "Nobody is in this segment now" in as_alice.get(f"{BASE}{navy.pk}/").content.decode()
    as_alice.post(f"{BASE}{navy.pk}/delete/")
    assert not Segment.objects.exists()
    assert Lead.objects.exists()


def test_a_segment_whose_field_is_gone_says_so_and_can_be_mended(as_alice: Browser, navy: Segment, grace: Lead) -> None:
    Segment.objects.update(rules={"rules": [{"field": "field:Gone", "asks": "more", "value": "1"}]})
    page = as_alice.get(f"{BASE}{navy.pk}/").content.decode()
    assert "Edit the segment to mend it." in page
    assert "grace@navy.example" not in page
    assert "is not there any more" in as_alice.get(f"{BASE}{navy.pk}/edit/").content.decode()
    body = {"action": "tag", "tag_name": "x", "all": "1", "segment": navy.pk, "on": "segment"}
    assert as_alice.post("/o/acme/leads/bulk/", body).status_code == 422


def test_everybody_in_a_segment_is_tagged(as_alice: Browser, navy: Segment, grace: Lead, ada: Lead) -> None:
    body = {"action": "tag", "tag_name": "sea", "all": "1", "segment": navy.pk, "on": "segment", "confirmed": "1"}
    response = as_alice.post("/o/acme/leads/bulk/", body)
    assert response["HX-Location"].startswith(f"{BASE}{navy.pk}/?done=")
    assert list(Lead.objects.filter(tags__contains=["sea"])) == [grace]


def test_a_stranger_finds_nothing_and_a_viewer_looks_only(
    as_charlie: Browser, as_vera: Browser, navy: Segment, grace: Lead
) -> None:
    for path in ("", "edit/"):
        assert as_charlie.get(f"{BASE}{navy.pk}/{path}").status_code == 404
        assert as_charlie.get(f"/o/other/segments/{navy.pk}/{path}").status_code == 404
    assert as_charlie.get(f"/o/other/leads/?segment={navy.pk}").status_code == 404
    assert "grace@navy.example" in as_vera.get(f"{BASE}{navy.pk}/").content.decode()
    assert as_vera.get(f"{BASE}new/").status_code == 403
    assert as_vera.post(f"{BASE}build/", NAVY).status_code == 403
    assert as_vera.post(f"{BASE}{navy.pk}/delete/").status_code == 403
