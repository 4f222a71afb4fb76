"""A page of what a search finds, with a count, fast at a million leads (`benchmarks/search.py`).

Two ways lead to the first fifty of those who match: walk the order's own index and keep who matches, or take all who match
from the index over words and sort them. Either is seconds where the other one is milliseconds, and PostgreSQL, which knows
little of how often a beginning of a word occurs, guesses wrong too often. So the newest leads are looked at first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from accounts.models import Organisation
from ecrm.database import TooSlow, locally, within
from leads.counting import Count, count_leads, count_up_to
from leads.paging import LeadPage, page_of_leads
from leads.search import NEWEST, Search, matching, with_suppression, words_of

SAMPLE = 2000
# Of the sample: so many that match, and walking is the shorter way.
DENSE = 20
# The newest may be unlike the others, and those who match may lie together far behind the start of another order: a way that
# takes so long (ms) is given up for the other one.
GATHER_TIME = 250
WALK_TIME = 150
LONG_WALK_TIME = 400
# Each way without the other one.
SETTINGS = {
    "walk": {"enable_bitmapscan": "off", "enable_seqscan": "off", "enable_sort": "off"},
    "gather": {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_seqscan": "off"},
}
# What is counted exactly before "more than" is said; where one walks, as much as ten samples have, rounded down to these.
MOST_GATHERED = 10_000
MOST_WALKED = (1000, 500, 200)

PROBE = """
SELECT count(*) FILTER (WHERE terms @@ lead_query(%(organisation)s, %(words)s)) FROM (
    SELECT terms FROM leads_lead WHERE organisation_id = %(organisation)s ORDER BY id DESC LIMIT %(sample)s) newest
"""


@dataclass(frozen=True)
class Found:
    page: LeadPage
    count: Count


def find(organisation: Organisation, search: Search, token: str = "") -> Found:
    """The page of `token`, and how many there are on all pages. Raises BadRules."""
    leads = matching(organisation, search)

    def page() -> LeadPage:
        return page_of_leads(with_suppression(leads), search.keys, backwards=search.backwards, token=token)

    if not search.words_alone:
        return Found(page(), count_leads(leads))
    matches = matches_in_sample(organisation, words_of(search.q))
    most = {"walk": next(most for most in MOST_WALKED if most <= 10 * max(matches, DENSE)), "gather": MOST_GATHERED}
    return in_time(ways(matches, search.sort), lambda way: Found(page(), count_up_to(leads, most[way])))


def ways(matches: int, sort: str) -> list[tuple[str, int]]:
    """Which ways to try one after the other, each with the time (ms) that it gets; 0: as long as it takes."""
    if matches < DENSE:
        return [("gather", GATHER_TIME), ("walk", LONG_WALK_TIME), ("gather", 0)]
    return [("walk", 0)] if sort == NEWEST else [("walk", WALK_TIME), ("gather", 0)]


def in_time(tries: list[tuple[str, int]], act: Callable[[str], Found]) -> Found:
    for way, limit in tries:
        try:
            with within(limit), locally(**SETTINGS[way]):
                return act(way)
        except TooSlow:
            continue
    raise AssertionError("unreachable: the last try has no limit")


def matches_in_sample(organisation: Organisation, words: str) -> int:
    """How many of the SAMPLE newest leads match."""
    with connection.cursor() as cursor:
        cursor.execute(PROBE, {"organisation": organisation.pk, "words": words, "sample": SAMPLE})
        return int((cursor.fetchone() or (0,))[0])
