"""Contacts → leads, set by set: a batch is copied into a temporary table and becomes leads by four statements.

The caller holds the transaction. Locks are taken in the order of `email_key`, so that two imports never wait for each
other in a circle. Measured on two cores: a batch of 2,000 new leads onto a list takes about 0.1 s, as updates 0.12 s.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from leads.importing.clean import Contact, Refusal
from leads.models import Import
from leads.services import LONGEST_SOURCE, MAX_TAGS, TEXT_FIELDS, ErasedAddress, clean_tags
from leads.suppression import digest

# It lives as long as the connection and is empty between batches.
CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_batch (
    email_key text PRIMARY KEY, email text, digest bytea, first_name text, last_name text, company text, title text,
    phone text, fields jsonb, tags text[]) ON COMMIT DELETE ROWS
"""
COPY = """
COPY import_batch (email_key, email, digest, first_name, last_name, company, title, phone, fields, tags) FROM STDIN
"""

# An erased person does not become a lead again (promise p18).
TAKE_OUT_ERASED = """
DELETE FROM import_batch batch USING leads_suppression suppressed
WHERE suppressed.organisation_id = %(organisation)s AND suppressed.digest = batch.digest
    AND suppressed.reason = 'erased'
RETURNING batch.email_key
"""

INSERT = """
INSERT INTO leads_lead (organisation_id, source, created_at, updated_at,
    email_key, email, digest, first_name, last_name, company, title, phone, fields, tags)
SELECT %(organisation)s, %(source)s, statement_timestamp(), statement_timestamp(),
    email_key, email, digest, first_name, last_name, company, title, phone, fields, tags
FROM import_batch ORDER BY email_key
"""
OR_SKIP = "ON CONFLICT (organisation_id, email_key) DO NOTHING RETURNING email_key, true"
# What the file leaves empty stays as it is; tags are added. xmax is 0 for a row that was inserted, not updated.
OR_UPDATE = """
ON CONFLICT (organisation_id, email_key) DO UPDATE SET
    first_name = coalesce(nullif(excluded.first_name, ''), leads_lead.first_name),
    last_name = coalesce(nullif(excluded.last_name, ''), leads_lead.last_name),
    company = coalesce(nullif(excluded.company, ''), leads_lead.company),
    title = coalesce(nullif(excluded.title, ''), leads_lead.title),
    phone = coalesce(nullif(excluded.phone, ''), leads_lead.phone),
    fields = leads_lead.fields || excluded.fields,
    tags = (leads_lead.tags || array(
        SELECT tag FROM unnest(excluded.tags) AS tag WHERE tag <> ALL (leads_lead.tags)))[:%(most_tags)s],
    updated_at = excluded.updated_at
RETURNING email_key, xmax = 0
"""

# Somebody may have been erased after TAKE_OUT_ERASED looked, while the insert waited for that to be committed.
DELETE_ERASED_MEANWHILE = """
DELETE FROM leads_lead lead USING leads_suppression suppressed
WHERE lead.organisation_id = %(organisation)s AND lead.email_key = ANY (%(created)s)
    AND suppressed.organisation_id = lead.organisation_id AND suppressed.digest = lead.digest
    AND suppressed.reason = 'erased'
RETURNING lead.email_key
"""

LIST = """
INSERT INTO leads_listentry (lead_list_id, lead_id, organisation_id)
SELECT %(list)s, lead.id, lead.organisation_id FROM import_batch batch
JOIN leads_lead lead ON lead.organisation_id = %(organisation)s AND lead.email_key = batch.email_key
ORDER BY lead.id ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Loaded:
    """What became of a batch's contacts, in rows of the file."""

    created: int
    updated: int
    skipped: int
    refused: list[Refusal]


def load(importing: Import, contacts: Sequence[Contact]) -> Loaded:
    """Make leads of `contacts`, in the organisation and onto the list of the import."""
    people = by_person(contacts)
    update = importing.on_duplicate == "update"
    values: dict[str, int | str | None] = {
        "organisation": importing.organisation_id,
        "source": f"import of {importing.file_name}"[:LONGEST_SOURCE],
        "list": importing.target_list_id,
        "most_tags": MAX_TAGS,
    }
    with connection.cursor() as cursor:
        cursor.execute(CREATE)
        cursor.execute("TRUNCATE import_batch")
        copy(cursor, [merged(rows) if update else rows[0] for rows in people.values()])
        cursor.execute(TAKE_OUT_ERASED, values)
        erased = {key for (key,) in cursor.fetchall()}
        cursor.execute(INSERT + (OR_UPDATE if update else OR_SKIP), values)
        created = {key for key, inserted in cursor.fetchall() if inserted}
        cursor.execute(DELETE_ERASED_MEANWHILE, {"organisation": importing.organisation_id, "created": sorted(created)})
        erased |= {key for (key,) in cursor.fetchall()}
        if importing.target_list_id:
            cursor.execute(LIST, values)
    return counted(people, created - erased, erased, update)


def by_person(contacts: Iterable[Contact]) -> dict[str, list[Contact]]:
    people: dict[str, list[Contact]] = {}
    for contact in contacts:
        people.setdefault(contact.address.key, []).append(contact)
    return people


def merged(rows: Sequence[Contact]) -> Contact:
    """What several rows say of one person: what a later row fills counts, tags add up."""
    first = rows[0]
    if len(rows) == 1:
        return first
    return Contact(
        address=first.address,
        values={name: text for row in rows for name, text in row.values.items()},
        fields={name: text for row in rows for name, text in row.fields.items()},
        tags=clean_tags(tag for row in rows for tag in row.tags),
        line=first.line,
        cells=first.cells,
    )


def copy(cursor: CursorWrapper, contacts: Iterable[Contact]) -> None:
    with cursor.copy(COPY) as out:
        for contact in contacts:
            address = contact.address
            texts = [contact.values.get(name, "") for name in TEXT_FIELDS]
            fields = json.dumps(contact.fields, ensure_ascii=False)
            out.write_row([address.key, address.email, digest(address.key), *texts, fields, contact.tags])


def counted(people: dict[str, list[Contact]], created: set[str], erased: set[str], update: bool) -> Loaded:
    """Rows by what became of them: the first row of a new person created it, every other one met a lead."""
    rows = sum(len(found) for key, found in people.items() if key not in erased)
    met = rows - len(created)
    # The row goes on record without its cells: an erased person's address is not kept.
    refused = [Refusal(row.line, str(ErasedAddress()), []) for key in erased for row in people[key]]
    return Loaded(len(created), met if update else 0, 0 if update else met, refused)
