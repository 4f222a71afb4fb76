"""What a search finds, and in which order."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.lookups import LessThan

from accounts.models import Organisation
from leads.finding import find
from leads.models import Lead, LeadList, SuppressionReason
from leads.paging import Row
from leads.search import Search, matching, read_search, search_leads, with_suppression
from leads.suppression import suppress


def names(organisation: Organisation, sort: str) -> list[str]:
    return [lead.email.partition("@")[0] for lead in find(organisation, Search(sort=sort)).page.leads]


@pytest.mark.parametrize(
    "q", ["grace", "HOPPER", "navy gra", "navy.example", "hop grace navy", "hopper & g", "@navy ex"]
)
def test_every_word_must_begin_one_in_name_company_or_address(
    acme: Organisation, grace: Lead, ada: Lead, q: str
) -> None:
    assert list(search_leads(acme, q)) == [grace]


@pytest.mark.parametrize("q", ["grace lovelace", "gra%ce", "race", "admiral", "\\", "!:*&"])
def test_what_nobody_has_finds_nobody(acme: Organisation, grace: Lead, ada: Lead, q: str) -> None:
    assert not search_leads(acme, q).exists()


@pytest.mark.parametrize("q", ["lukasz", "ŁUKASZ", "müller", "muller", "strasse", "Straße", "lukasz@mul"])
def test_accents_and_case_make_no_difference(acme: Organisation, add_lead: Callable[..., Lead], q: str) -> None:
    lead = add_lead("lukasz@mueller.example", first_name="Łukasz", last_name="Müller", company="Lange Straße 7")
    assert list(search_leads(acme, q)) == [lead]


def test_the_words_are_true_however_a_lead_is_written(acme: Organisation, grace: Lead) -> None:
    Lead.objects.filter(pk=grace.pk).update(last_name="Murray")
    assert list(search_leads(acme, "murray")) == [grace]
    assert not search_leads(acme, "hopper").exists()


def test_letters_that_become_many_do_not_keep_a_lead_from_being_saved(add_lead: Callable[..., Lead]) -> None:
    assert add_lead("long@x.example", company="\u3316" * 300).pk


def test_a_list_and_a_tag_narrow_it(acme: Organisation, grace: Lead, ada: Lead, joan: Lead, people: LeadList) -> None:
    assert set(search_leads(acme, list_id=people.pk)) == {grace, ada}
    assert set(search_leads(acme, tag="vip")) == {grace, ada}
    assert list(search_leads(acme, tag="press", list_id=people.pk)) == [grace]
    assert not search_leads(acme, tag="vi").exists()


def test_others_leads_are_not_found(acme: Organisation, theirs: Lead) -> None:
    assert not search_leads(acme, "grace").exists()


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-added", ["joan", "ada", "grace"]),
        ("added", ["grace", "ada", "joan"]),
        ("name", ["grace", "ada", "joan"]),
        ("-name", ["joan", "ada", "grace"]),
        ("company", ["ada", "joan", "grace"]),
        ("-company", ["grace", "joan", "ada"]),
        ("email", ["ada", "grace", "joan"]),
        ("-email", ["joan", "grace", "ada"]),
    ],
)
def test_the_order_is_as_asked(
    acme: Organisation, grace: Lead, ada: Lead, joan: Lead, sort: str, order: list[str]
) -> None:
    assert names(acme, sort) == order


def test_by_name_is_by_last_name_or_the_only_one_and_the_nameless_come_last(
    acme: Organisation, grace: Lead, ada: Lead, add_lead: Callable[..., Lead]
) -> None:
    add_lead("nobody@x.example")
    add_lead("bob@x.example", first_name="Bob", last_name="hopper")
    add_lead("iris@x.example", first_name="Iris")
    order = ["bob", "grace", "iris", "ada", "nobody"]
    assert names(acme, "name") == order
    assert names(acme, "-name") == order[::-1]


@pytest.mark.parametrize(("sort", "index"), [("name", "lead_by_name"), ("company", "lead_by_company")])
def test_an_index_has_the_order_and_begins_a_page_anywhere(acme: Organisation, sort: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    keys = Search(sort=sort).keys
    place = Row(*(Value(value) for value in ["m"] * (len(keys) - 1)), Value(7))
    leads = matching(acme, Search(sort=sort)).filter(LessThan(Row(*keys), place))
    plan = leads.order_by(*(key.desc() for key in keys)).explain()
    assert index in plan
    assert "Sort" not in plan
    assert re.search(r"Index Cond: .*ROW\(", plan)


def test_nonsense_in_a_url_is_read_as_no_search() -> None:
    assert read_search({"q": "\0", "sort": "password", "tag": " "}, None) == Search()
    assert read_search({"q": "a" * 1000, "sort": "-name"}, 7) == Search("a" * 200, "", 7, "-name")


def test_a_search_becomes_a_query_and_back() -> None:
    search = Search("a b", "x&y", 7, "name")
    assert search.parameters() == {"q": "a b", "tag": "x&y", "list": "7", "sort": "name"}
    assert Search().parameters() == {}
    assert read_search(search.parameters(), 7) == search


def test_each_lead_says_why_it_is_not_mailed(acme: Organisation, grace: Lead, ada: Lead, theirs: Lead) -> None:
    suppress(acme, ada.email, SuppressionReason.BOUNCED, "")
    suppress(theirs.organisation, grace.email, SuppressionReason.MANUAL, "")
    found = with_suppression(matching(acme, Search()))
    reasons = {lead.first_name: getattr(lead, "suppressed", "") for lead in found}
    assert reasons == {"Ada": "bounced", "Grace": None}
