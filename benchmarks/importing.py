"""An import of a million contacts, new and then again as updates, against what one would write by hand.

    python -m benchmarks.importing [--rows 1000000] [--runs 1]

Ours: `leads.importing.run.run_import` in a process of its own, as a worker's is, from the claim to the last batch; its peak
memory is printed. By hand: COPY of the same file into a staging table, then one INSERT … ON CONFLICT into the same
table of leads with the same indexes. Both begin with an empty table.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.setting import prepare, report

if TYPE_CHECKING:
    from accounts.models import Organisation

HEADER = ["Email", "First name", "Last name", "Company", "Job title", "Phone"]
FIRST = ["Anna", "Ben", "Carla", "David", "Eva", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Katja", "Luca", "Zoë"]
LAST = [
    "Müller",
    "Smith",
    "Garcia",
    "van der Berg",
    "Novák",
    "Rossi",
    "Dubois",
    "Jensen",
    "Kowalski",
    "O'Brien",
    "Weiß",
]
TITLES = ["Head of Sales", "Engineer", "Managing Director", "Buyer", "Team lead, support", "CFO"]

STAGING = """
CREATE UNLOGGED TABLE IF NOT EXISTS staging (
    email text, first_name text, last_name text, company text, title text, phone text);
TRUNCATE staging
"""
COPY = "COPY staging FROM STDIN (FORMAT csv, HEADER true)"
INSERT = """
INSERT INTO leads_lead AS lead (organisation_id, email, email_key, digest, first_name, last_name, company, title, phone,
    fields, tags, source, created_at, updated_at)
SELECT DISTINCT ON (lower(email)) %(organisation)s, email, lower(email), sha256(lower(email)::bytea), first_name, last_name,
    company, title, phone, '{}', '{}', '', now(), now() FROM staging ORDER BY lower(email)
ON CONFLICT (organisation_id, email_key) DO UPDATE SET
    first_name = excluded.first_name, last_name = excluded.last_name, company = excluded.company,
    title = excluded.title, phone = excluded.phone, updated_at = excluded.updated_at
"""
WORKER = """
import re, sys, time
from pathlib import Path
import django
django.setup()
from leads.importing.run import run_import
begun = time.perf_counter()
run_import(int(sys.argv[1]))
seconds = time.perf_counter() - begun
# Not getrusage's: that begins with the memory of the process which started this one.
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def write_file(path: Path, rows: int, again: int) -> None:
    """People in no order of their addresses; `again` changes what they do and their phone."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            person = number * 7919 % rows
            writer.writerow(
                [
                    f"person{person}@company{person % 20_011}.example",
                    FIRST[person % len(FIRST)],
                    LAST[person % len(LAST)],
                    f"Company {person % 20_011} Ltd",
                    TITLES[(person + again) % len(TITLES)],
                    f"+49 30 {person + again}",
                ]
            )


def run(statement: str, parameters: dict[str, int] | None = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def settle() -> None:
    run("VACUUM ANALYZE")
    run("CHECKPOINT")


def by_hand(organisation: "Organisation", path: Path) -> float:
    from django.db import connection, transaction

    begun = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor, path.open("rb") as file:
        cursor.execute(STAGING)
        with cursor.copy(COPY) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute(INSERT, {"organisation": organisation.pk})
    return time.perf_counter() - begun


def ours(organisation: "Organisation", path: Path, rows: int) -> tuple[float, float]:
    """Seconds, and the worker's peak memory in MB."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from leads.importing.flow import draft_import, look, start_import

    by = organisation.members.get()
    draft = draft_import(organisation, by, SimpleUploadedFile("people.csv", path.read_bytes()))
    start_import(draft, look(draft), draft.mapping)
    command = [sys.executable, "-c", WORKER, str(draft.pk)]
    seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout.split()
    draft.refresh_from_db()
    assert (draft.state, draft.rows, draft.rejected) == ("done", rows, 0), draft.detail
    return float(seconds), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    prepare()
    from accounts.services import create_account

    _, organisation = create_account("owner@example.com", "correct horse battery", "Owner", "Bench")
    files = [Path(os.environ["ECRM_DATA_DIR"]) / f"people-{again}.csv" for again in (0, 1)]
    for again, path in enumerate(files):
        write_file(path, options.rows, again)
    took: dict[tuple[str, int], list[float]] = {}
    peaks: list[float] = []
    for _ in range(options.runs):
        for way in ("ours", "hand"):
            run("TRUNCATE leads_lead, leads_importedlead CASCADE")
            for again, path in enumerate(files):
                settle()
                if way == "ours":
                    seconds, peak = ours(organisation, path, options.rows)
                    peaks.append(peak)
                else:
                    seconds = by_hand(organisation, path)
                took.setdefault((way, again), []).append(seconds)
    for again, what in enumerate(("new", "as updates")):
        report(f"import, {what}", took["ours", again], took["hand", again], options.rows, "COPY and INSERT by hand")
    print(f"the worker's peak memory: {max(peaks):.0f} MB")


if __name__ == "__main__":
    main()
