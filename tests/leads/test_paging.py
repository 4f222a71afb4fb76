"""Pages by place: there and back in every order, with doubles and nameless, whatever is added meanwhile."""

from collections.abc import Callable

import pytest

from accounts.models import Organisation
from leads.models import Lead
from leads.paging import LeadPage, page_of_leads, read_token
from leads.search import Search, matching


@pytest.fixture
def crowd(add_lead: Callable[..., Lead]) -> None:
    for number, name in enumerate(["b", "a", "", "B", "c", "", "a"]):
        add_lead(f"lead{number}@x.example", last_name=name, company=name)


def turn(acme: Organisation, sort: str, token: str = "") -> LeadPage:
    search = Search(sort=sort)
    return page_of_leads(matching(acme, search), search.keys, backwards=search.backwards, token=token, size=2)


@pytest.mark.parametrize("sort", ["name", "-name", "company", "-company", "email", "-email", "added", "-added"])
def test_every_lead_comes_once_there_and_back(acme: Organisation, crowd: None, sort: str) -> None:
    pages = [turn(acme, sort)]
    while pages[-1].next:
        pages.append(turn(acme, sort, pages[-1].next))
    found = [lead.pk for page in pages for lead in page.leads]
    assert len(pages) == 4
    assert len(set(found)) == len(found) == 7
    back = turn(acme, sort, pages[-1].previous)
    assert back.leads == pages[-2].leads
    first = turn(acme, sort, turn(acme, sort, back.previous).previous)
    assert first.leads == pages[0].leads
    assert (first.previous, pages[0].previous) == ("", "")


def test_what_is_added_in_front_moves_nobody(acme: Organisation, crowd: None, add_lead: Callable[..., Lead]) -> None:
    first = turn(acme, "-added")
    expected = turn(acme, "-added", first.next).leads
    add_lead("new@x.example")
    assert turn(acme, "-added", first.next).leads == expected


def test_a_page_that_is_gone_becomes_the_first(acme: Organisation, crowd: None) -> None:
    last = turn(acme, "-added")
    while last.next:
        last = turn(acme, "-added", last.next)
    behind = turn(acme, "-added", last.previous).next
    Lead.objects.filter(pk__in=[lead.pk for lead in last.leads]).delete()
    assert turn(acme, "-added", behind).leads == turn(acme, "-added").leads


@pytest.mark.parametrize(
    "token",
    ["x", "2", "é", "W10", "WyJiZWhpbmQiXQ", "WyJiZWhpbmQiLCAieCJd", "WyJhc2lkZSIsIDFd", "WyJiZWhpbmQiLCAiXHVkODAwIl0"],
)
def test_nonsense_is_the_first_page(acme: Organisation, crowd: None, token: str) -> None:
    assert read_token(token, Search().keys) is None
    assert turn(acme, "-added", token) == turn(acme, "-added")


@pytest.mark.parametrize("token", ["WyJiZWhpbmQiLCAiXHVkODAwIl0", "WyJiZWhpbmQiLCAiXHUwMDAwIl0"])
def test_texts_that_the_database_cannot_hold_are_nonsense(token: str) -> None:
    assert read_token(token, Search(sort="email").keys) is None
