"""What a keystroke in the search field costs the database, at a million leads in one organisation.

    python -m benchmarks.search [--leads 1000000] [--queries 400]

The queries are what people type: the beginnings, 1 to 12 characters long, of names, companies and addresses that are there,
common and rare, some of two words, and some that nobody has. Each is what the page asks: the first fifty leads, by newest or by
name, with a count. Yardstick: the same words looked for in the columns by a sequential scan. Printed are milliseconds within
the database, and what keeping the words costs a write.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median, quantiles
from typing import Any

from benchmarks.setting import prepare

SEED = """
INSERT INTO leads_lead (organisation_id, email, email_key, digest, first_name, last_name, company, title, phone, fields,
    tags, source, created_at, updated_at)
SELECT %(organisation)s, address, address, sha256(n::text::bytea), initcap(first), initcap(last), initcap(firm) || kind, '', '',
    '{}', '{}', '', now(), now()
FROM (SELECT *, first || '.' || last || n || '@' || firm || '.example' AS address FROM (
    SELECT n, word('f' || (power(random(), 3) * 3000)::int, 4 + n %% 4) AS first,
        word('l' || (power(random(), 2) * 60000)::int, 5 + n %% 6) AS last,
        word('c' || (power(random(), 2) * 90000)::int, 6 + n %% 6) AS firm,
        (ARRAY[' GmbH', ' Inc', ' Ltd', ' Systems', ' Group', ' & Söhne', ' S.A.'])[1 + n %% 7] AS kind
    FROM generate_series(%(start)s, %(end)s) n) people) addressed
"""
# A word that can be said, the same for the same seed.
WORD = """
CREATE FUNCTION pg_temp.word(seed text, length int) RETURNS text LANGUAGE sql IMMUTABLE
RETURN (SELECT string_agg(substr(CASE i % 2 WHEN 0 THEN 'bcdfghklmnprstvw' ELSE 'aaeeiioouaeiouae' END,
    1 + get_byte(decode(md5(seed), 'hex'), i) % 16, 1), '') FROM generate_series(0, length - 1) i)
"""
SCAN = """
SELECT id FROM leads_lead WHERE organisation_id = %(organisation)s AND (first_name ILIKE %(like)s OR last_name ILIKE %(like)s
    OR company ILIKE %(like)s OR email ILIKE %(like)s) ORDER BY id DESC LIMIT 51
"""
BATCH = 2000


def run(statement: str, parameters: Any = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def seed(leads: int) -> Any:
    """An organisation with so many leads, written in batches as an import does."""
    from accounts.services import create_account

    _, organisation = create_account("owner@example.com", "correct horse battery", "Owner", "Bench")
    run(WORD)
    statement = SEED.replace("word(", "pg_temp.word(")
    started = time.perf_counter()
    for start in range(1, leads + 1, BATCH):
        run(statement, {"organisation": organisation.pk, "start": start, "end": min(start + BATCH - 1, leads)})
    print(f"{leads:,} leads written in {time.perf_counter() - started:.0f} s")
    run("VACUUM ANALYZE")
    return organisation


def typed(organisation: Any, count: int) -> Iterator[str]:
    """What people type, over leads taken at random."""
    from leads.models import Lead

    chance = random.Random(7)
    newest = Lead.objects.filter(organisation=organisation).latest("pk").pk
    people = Lead.objects.in_bulk([chance.randint(1, newest) for _ in range(count)]).values()
    for lead in people:
        kind = chance.random()
        length = chance.randint(1, 12)
        if kind < 0.1:
            yield "".join(chance.choices("qxyzj", k=chance.randint(2, 5)))
        elif kind < 0.25:
            yield f"{lead.first_name[: chance.randint(1, 5)]} {lead.last_name[: chance.randint(1, 6)]}"
        else:
            yield chance.choice([lead.first_name, lead.last_name, lead.company, lead.email])[:length].strip() or "a"


def in_database(act: Callable[[], Any]) -> float:
    """Milliseconds that the statements of `act` take."""
    from django.db import connection

    spent = 0.0

    def timed(execute: Any, *about: Any) -> Any:
        nonlocal spent
        started = time.perf_counter()
        try:
            return execute(*about)
        finally:
            spent += time.perf_counter() - started

    with connection.execute_wrapper(timed):
        act()
    return spent * 1000


def say(name: str, taken: list[float]) -> None:
    cuts = quantiles(taken, n=100)
    print(
        f"{name}: median {median(taken):.1f} ms, p95 {cuts[94]:.1f} ms, worst {max(taken):.1f} ms ({len(taken)} queries)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=400)
    options = parser.parse_args()
    prepare()
    from leads.finding import find
    from leads.search import Search

    organisation = seed(options.leads)
    words = list(typed(organisation, options.queries))
    find(organisation, Search(q="warm"))
    for sort in ("-added", "name"):
        taken = {q: in_database(partial(find, organisation, Search(q=q, sort=sort))) for q in words}
        say(f"search, sorted by {sort}", list(taken.values()))
        worst = sorted(taken, key=lambda q: taken[q])[-5:]
        print("  slowest: " + ", ".join(f"“{q}” {taken[q]:.0f} ms" for q in reversed(worst)))
    scan = {"organisation": organisation.pk}
    scans = [in_database(partial(run, SCAN, scan | {"like": f"%{q}%"})) for q in words[:40]]
    say("yardstick: sequential scan", scans)


if __name__ == "__main__":
    main()
