"""Tags: names that leads carry. There is no table of them; one that nobody carries is gone."""

from dataclasses import dataclass

from django.db import connection

from accounts.models import Organisation
from ecrm.database import TooSlow, within
from leads.lists import clean_text

LONGEST_TAG = 100
# How many leads stand for all where looking at every one would take too long.
SAMPLE = 20_000
MOST_TAGS = 200
MOST_COUNTED = 2000
PATIENCE = 3000  # ms; a million leads take about one second

TAGS = """
SELECT DISTINCT unnest(tags) AS tag FROM (
    SELECT tags FROM leads_lead WHERE organisation_id = %(organisation)s ORDER BY id DESC LIMIT %(sample)s) newest
ORDER BY tag LIMIT %(limit)s
"""
COUNTS = """
SELECT tag, count(*) FROM leads_lead CROSS JOIN LATERAL unnest(tags) AS tag
WHERE organisation_id = %(organisation)s AND tags <> '{}' GROUP BY tag ORDER BY lower(tag), tag LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Tag:
    """A tag, and how many leads carry it (None: too many leads to count at once)."""

    name: str
    leads: int | None


def known_tags(organisation: Organisation) -> list[str]:
    """The tags that the organisation's newest leads have."""
    with connection.cursor() as cursor:
        cursor.execute(TAGS, {"organisation": organisation.pk, "sample": SAMPLE, "limit": MOST_TAGS})
        return [row[0] for row in cursor.fetchall()]


def counted_tags(organisation: Organisation) -> list[Tag]:
    """All tags by name, with how many leads carry each; those of the newest leads alone where that takes too long."""
    try:
        with within(PATIENCE), connection.cursor() as cursor:
            cursor.execute(COUNTS, {"organisation": organisation.pk, "limit": MOST_COUNTED})
            return [Tag(*row) for row in cursor.fetchall()]
    except TooSlow:
        return [Tag(name, None) for name in known_tags(organisation)]


def clean_tag(text: str) -> str:
    """One tag as it is kept; a comma would make two of it. "" where nothing is left."""
    return clean_text(text.replace(",", " "), LONGEST_TAG)
