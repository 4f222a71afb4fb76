"""Segments go on asking for what has another name now."""

import pytest

from accounts.models import Organisation
from leads.fields import known_fields, rename_field
from leads.models import Lead, Segment
from leads.segments.rules import read_rules
from leads.segments.saving import leads_of, save_segment
from tests.conftest import Browser

RULES = {
    "match": "any",
    "rules": [{"field": "tags", "asks": "has", "value": "press"}],
    "groups": [{"rules": [{"field": "field:Language", "asks": "is", "value": "COBOL"}]}],
}


@pytest.fixture
def segment(acme: Organisation, grace: Lead) -> Segment:
    Lead.objects.filter(pk=grace.pk).update(tags=["press"], fields={"Language": "COBOL"})
    return save_segment(Segment(organisation=acme), "Coders", read_rules(RULES))


def found(segment: Segment) -> list[Lead]:
    segment.refresh_from_db()
    return list(leads_of(segment.organisation, read_rules(segment.rules)))


def test_a_segment_follows_a_field(acme: Organisation, segment: Segment, grace: Lead) -> None:
    [language] = [field for field in known_fields(acme) if field.name == "Language"]
    rename_field(language, "Tongue")
    assert found(segment) == [grace]
    assert segment.rules["groups"][0]["rules"][0]["field"] == "field:Tongue"
    assert segment.rules["match"] == "any"


def test_a_segment_follows_a_tag_and_a_strangers_does_not(
    as_alice: Browser, segment: Segment, grace: Lead, theirs: Lead
) -> None:
    other = Segment.objects.create(organisation=theirs.organisation, name="Theirs", rules={"rules": RULES["rules"]})
    as_alice.post("/o/acme/tags/rename/?tag=press", {"name": "media"})
    assert found(segment) == [grace]
    assert segment.rules["rules"][0]["value"] == "media"
    other.refresh_from_db()
    assert other.rules["rules"] == RULES["rules"]


def test_without_a_tag_nothing_is_renamed_or_deleted(as_alice: Browser, grace: Lead) -> None:
    assert as_alice.get("/o/acme/tags/rename/?tag=").status_code == 404
    assert as_alice.post("/o/acme/tags/delete/", {"tag": " , "}).status_code == 404
