"""Which tags there are, and how many leads carry each."""

from collections.abc import Callable

import pytest

from accounts.models import Organisation
from leads.models import Lead
from leads.tags import Tag, clean_tag, counted_tags, known_tags


@pytest.fixture
def secret(theirs: Lead, add_lead: Callable[..., Lead]) -> Lead:
    return add_lead("other@x.example", organisation=theirs.organisation, tags=["secret"])


def test_tags_are_suggested_from_ones_own_leads(acme: Organisation, grace: Lead, secret: Lead) -> None:
    assert known_tags(acme) == ["press", "vip"]


def test_tags_are_counted_over_ones_own_leads(acme: Organisation, grace: Lead, ada: Lead, secret: Lead) -> None:
    assert counted_tags(acme) == [Tag("press", 1), Tag("vip", 2)]


def test_where_counting_takes_too_long_the_known_ones_are_named(
    acme: Organisation, grace: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.tags.COUNTS", "SELECT pg_sleep(5), %(organisation)s, %(limit)s")
    monkeypatch.setattr("leads.tags.PATIENCE", 20)
    assert counted_tags(acme) == [Tag("press", None), Tag("vip", None)]


def test_a_tag_has_no_comma() -> None:
    assert clean_tag(" a, b \0") == "a b"
