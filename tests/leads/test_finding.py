"""A page and a count of what a search finds, the same whichever way leads there."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts.models import Organisation
from leads import counting, finding
from leads.counting import Count, count_leads, count_up_to
from leads.finding import find
from leads.models import Lead
from leads.search import Search


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way is given up but for the test's own reasons, however slow the machine is."""
    for name in ("GATHER_TIME", "WALK_TIME", "LONG_WALK_TIME"):
        monkeypatch.setattr(finding, name, 30_000)


@pytest.fixture
def many(add_lead: Callable[..., Lead]) -> None:
    for number in range(8):
        add_lead(f"smith{number}@x.example", last_name="Smith", first_name=chr(ord("h") - number))
    add_lead("jones@x.example", last_name="Jones")


@pytest.mark.parametrize("dense", [1, 1000])
@pytest.mark.parametrize("sort", ["-added", "name"])
def test_both_ways_find_the_same(
    acme: Organisation, many: None, theirs: Lead, monkeypatch: pytest.MonkeyPatch, dense: int, sort: str
) -> None:
    monkeypatch.setattr(finding, "DENSE", dense)
    monkeypatch.setattr(finding, "MOST_WALKED", (1000, 0))
    found = find(acme, Search(q="smi", sort=sort))
    assert [lead.email[5] for lead in found.page.leads] == list("76543210")
    assert found.count.number == (8 if dense == 1000 else 0)


@pytest.mark.parametrize(("dense", "sort", "slow"), [(1, "name", "walk"), (1000, "-added", "gather")])
def test_a_way_that_takes_too_long_is_given_up_for_the_other(
    acme: Organisation, many: None, monkeypatch: pytest.MonkeyPatch, dense: int, sort: str, slow: str
) -> None:
    monkeypatch.setattr(finding, "DENSE", dense)
    monkeypatch.setattr(finding, "MOST_WALKED", (0,))
    monkeypatch.setattr(finding, "WALK_TIME" if slow == "walk" else "GATHER_TIME", 400)
    taken = []

    def try_it(leads: QuerySet[Lead], most: int) -> Count:
        taken.append("gather" if most else "walk")
        if taken == [slow]:
            connection.cursor().execute("SELECT pg_sleep(2)")
        return count_up_to(leads, most)

    monkeypatch.setattr(finding, "count_up_to", try_it)
    assert len(find(acme, Search(q="smi", sort=sort)).page.leads) == 8
    assert taken == [slow, "walk" if slow == "gather" else "gather"]


def test_what_cannot_be_counted_in_time_is_more_than(
    acme: Organisation, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Lead.objects.extra(where=["pg_sleep(0.01) IS NOT NULL"])  # 90 ms for all, 40 for four of them
    monkeypatch.setattr(counting, "QUICK", 10_000)
    monkeypatch.setattr(counting, "LESS", (3,))
    assert count_leads(slow, 20) == Count(3, exact=False)
    assert str(count_leads(slow, 20)) == "more than 3"
    monkeypatch.setattr(counting, "QUICK", 5)
    assert count_leads(slow, 5).leads == "very many leads"


def test_counts_in_words() -> None:
    assert [Count(0).leads, Count(1).leads, Count(1234).leads] == ["0 leads", "1 lead", "1,234 leads"]
    assert Count(1000, exact=False).leads == "more than 1,000 leads"
    assert not Count(0)
    assert Count(0, exact=False)
