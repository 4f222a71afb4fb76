"""A page of what a search finds, with a count, fast at a million leads (`benchmarks/search.py`).

Two ways lead to the first fifty of those who match: walk the order's own index and keep who matches, or take all who match
from the index over words and sort them. Either is seconds where the other one is milliseconds, and PostgreSQL, which knows
little of how often a beginning of a word occurs, guesses wrong too often. So the newest leads are looked at first.
"""

from dataclasses import dataclass

from django.db import connection

from accounts.models import Organisation
from ecrm.database import locally
from leads.counting import Count, count_leads, count_up_to
from leads.paging import LeadPage, page_of_leads
from leads.search import NEWEST, Search, matching, with_suppression, words_of

SAMPLE = 2000
# Of the sample: so many that match, and walking is the shorter way. In another order those who match may lie together, far
# from its start, so that more of them are asked for.
DENSE = {True: 20, False: 200}
# Each way without the other one.
WALK = {"enable_bitmapscan": "off", "enable_seqscan": "off", "enable_sort": "off"}
GATHER = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_seqscan": "off"}
# What is counted exactly before "more than" is said.
MOST_WALKED, MOST_GATHERED = 1000, 10_000

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
    dense = matches_in_sample(organisation, words_of(search.q)) >= DENSE[search.sort == NEWEST]
    with locally(**(WALK if dense else GATHER)):
        return Found(page(), count_up_to(leads, MOST_WALKED if dense else MOST_GATHERED))


def matches_in_sample(organisation: Organisation, words: str) -> int:
    """How many of the SAMPLE newest leads match."""
    with connection.cursor() as cursor:
        cursor.execute(PROBE, {"organisation": organisation.pk, "words": words, "sample": SAMPLE})
        return int((cursor.fetchone() or (0,))[0])
