"""The statements by which a batch becomes leads, in the order in which they run; each costs a look by key for each row.

That must not hang on what the planner believes of a table that has just become a hundred times as large: joins by hash or
by merge, which read all leads of the organisation for each batch, are switched off, and the temporary tables have keys.
Computing time of PostgreSQL, measured at 100,000 leads: 55 µs for a new lead, nearly all of it in the indexes of the table,
and 75 µs for a known one; one INSERT ... ON CONFLICT of all rows takes as much.
"""

from leads.mailable import reason

# Both tables live as long as the connection and are empty between batches.
# `former`: what the batch changes of a known lead, as it was before.
TABLES = """
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
CREATE TEMPORARY TABLE IF NOT EXISTS import_batch (
    email_key text PRIMARY KEY, email text, digest bytea, first_name text, last_name text, company text, title text,
    phone text, fields jsonb, tags varchar[], flags varchar[]) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS import_known (
    email_key text PRIMARY KEY, lead_id bigint, former jsonb) ON COMMIT DELETE ROWS;
TRUNCATE import_batch, import_known
"""
COPY = """
COPY import_batch (email_key, email, digest, first_name, last_name, company, title, phone, fields, tags, flags)
FROM STDIN
"""

WHY = reason(organisation="%(organisation)s", digest="batch.digest", email_key="batch.email_key")
# OFFSET has PostgreSQL look for each reason once, not wherever it is spoken of.
SUPPRESSED = f"""
SELECT email_key, reason = 'erased' FROM (SELECT email_key, {WHY} AS reason FROM import_batch batch OFFSET 0) batch
WHERE reason IS NOT NULL
"""  # noqa: S608  (words of our own)
# An erased person does not become a lead again (promise p18).
TAKE_OUT_ERASED = "DELETE FROM import_batch WHERE email_key = ANY (%(erased)s)"

# Locks are taken in the order of `email_key`, here and by CREATE, so that imports never wait for each other in a circle.
# What the file leaves empty stays as it is; tags are added.
KNOWN = """
INSERT INTO import_known (email_key, lead_id, former)
SELECT batch.email_key, lead.id, CASE WHEN %(update)s THEN jsonb_strip_nulls(jsonb_build_object(
    'first_name', CASE WHEN batch.first_name NOT IN ('', lead.first_name) THEN lead.first_name END,
    'last_name', CASE WHEN batch.last_name NOT IN ('', lead.last_name) THEN lead.last_name END,
    'company', CASE WHEN batch.company NOT IN ('', lead.company) THEN lead.company END,
    'title', CASE WHEN batch.title NOT IN ('', lead.title) THEN lead.title END,
    'phone', CASE WHEN batch.phone NOT IN ('', lead.phone) THEN lead.phone END,
    'fields', CASE WHEN NOT lead.fields @> batch.fields THEN lead.fields END,
    'tags', CASE WHEN NOT lead.tags @> batch.tags THEN to_jsonb(lead.tags) END)) ELSE '{}' END
FROM (SELECT * FROM import_batch ORDER BY email_key) batch
CROSS JOIN LATERAL (
    SELECT * FROM leads_lead WHERE organisation_id = %(organisation)s AND email_key = batch.email_key FOR UPDATE) lead
"""

# A lead of which the file says nothing new is not written. Returns how many leads the import had not met before.
UPDATE = """
WITH changed AS (
    UPDATE leads_lead lead SET
        first_name = coalesce(nullif(batch.first_name, ''), lead.first_name),
        last_name = coalesce(nullif(batch.last_name, ''), lead.last_name),
        company = coalesce(nullif(batch.company, ''), lead.company),
        title = coalesce(nullif(batch.title, ''), lead.title),
        phone = coalesce(nullif(batch.phone, ''), lead.phone),
        fields = lead.fields || batch.fields,
        tags = (lead.tags || array(
            SELECT tag FROM unnest(batch.tags) AS tag WHERE tag <> ALL (lead.tags)))[:%(most_tags)s],
        flags = batch.flags,
        updated_at = statement_timestamp()
    FROM import_known known JOIN import_batch batch USING (email_key)
    WHERE lead.id = known.lead_id AND known.former <> '{}'
), met AS (
    INSERT INTO leads_importedlead AS met (organisation_id, source_id, lead_id, created, listed, written_at, former)
    SELECT %(organisation)s, %(import)s, lead_id, false, false,
        CASE WHEN former <> '{}' THEN statement_timestamp() END, nullif(former, '{}')
    FROM import_known
    ON CONFLICT (source_id, lead_id) DO UPDATE SET
        written_at = coalesce(excluded.written_at, met.written_at),
        -- As it was before this import, also where a second row of the file changes it further.
        former = coalesce(excluded.former || met.former, met.former, excluded.former)
    RETURNING xmax = 0 AS first
)
SELECT count(*) FROM met WHERE first
"""

# Whom another import makes a lead in this moment is neither known nor created: then the batch is begun again.
CREATE = """
WITH created AS (
    INSERT INTO leads_lead (organisation_id, source, created_at, updated_at,
        email_key, email, digest, first_name, last_name, company, title, phone, fields, tags, flags)
    SELECT %(organisation)s, %(source)s, statement_timestamp(), statement_timestamp(),
        email_key, email, digest, first_name, last_name, company, title, phone, fields, tags, flags
    FROM import_batch batch
    WHERE NOT EXISTS (SELECT FROM import_known known WHERE known.email_key = batch.email_key)
    ORDER BY email_key
    ON CONFLICT (organisation_id, email_key) DO NOTHING
    RETURNING id, updated_at
)
INSERT INTO leads_importedlead (organisation_id, source_id, lead_id, created, listed, written_at)
SELECT %(organisation)s, %(import)s, id, true, false, updated_at FROM created
"""

# Somebody may have been erased after SUPPRESSED looked, while CREATE waited for that to be committed.
DELETE_ERASED_MEANWHILE = """
WITH erased AS (
    DELETE FROM leads_lead lead USING leads_suppression suppressed, import_batch batch
    WHERE suppressed.organisation_id = %(organisation)s AND suppressed.digest = batch.digest
        AND suppressed.reason = 'erased'
        AND lead.organisation_id = suppressed.organisation_id AND lead.email_key = batch.email_key
        AND NOT EXISTS (SELECT FROM import_known known WHERE known.email_key = batch.email_key)
    RETURNING lead.id, lead.email_key
), forgotten AS (
    DELETE FROM leads_importedlead met USING erased WHERE met.source_id = %(import)s AND met.lead_id = erased.id
)
SELECT email_key FROM erased
"""

LIST = """
WITH entered AS (
    INSERT INTO leads_listentry (lead_list_id, lead_id, organisation_id)
    SELECT %(list)s, lead.id, lead.organisation_id FROM import_batch batch
    JOIN leads_lead lead ON lead.organisation_id = %(organisation)s AND lead.email_key = batch.email_key
    ORDER BY lead.id ON CONFLICT DO NOTHING
    RETURNING lead_id
)
UPDATE leads_importedlead met SET listed = true FROM entered
WHERE met.source_id = %(import)s AND met.lead_id = entered.lead_id
"""
