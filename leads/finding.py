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
# Those who match may lie together far behind the start of another order, so walking that one is given up after so long (ms).
WALK_TIME = 60
# Each way without the other one.
WALK = {"enable_bitmapscan": "off", "enable_seqscan": "off", "enable_sort": "off"}
GATHER = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_seqscan": "off"}
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
    if matches < DENSE:
        with locally(**GATHER):
            return Found(page(), count_up_to(leads, MOST_GATHERED))
    with locally(**WALK):
        count = count_up_to(leads, next(most for most in MOST_WALKED if most <= 10 * matches))
    return Found(walked(page) if search.sort != NEWEST else steered(page, WALK), count)


def walked(page: Callable[[], LeadPage]) -> LeadPage:
    """The page in an order in which those who match may come late."""
    try:
        with within(WALK_TIME):
            return steered(page, WALK)
    except TooSlow:
        return steered(page, GATHER)


def steered(page: Callable[[], LeadPage], way: dict[str, str]) -> LeadPage:
    with locally(**way):
        return page()


def matches_in_sample(organisation: Organisation, words: str) -> int:
    """How many of the SAMPLE newest leads match."""
    with connection.cursor() as cursor:
        cursor.execute(PROBE, {"organisation": organisation.pk, "words": words, "sample": SAMPLE})
        return int((cursor.fetchone() or (0,))[0])
