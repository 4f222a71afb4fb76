"""A file looked through for problems, every row of it, before anything is written.

It is read and cleaned as an import reads it; the addresses go into a temporary table, and one statement at the end says who
of them is new, known, named twice or suppressed. A small file is checked while the person waits, a large one by a worker.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from leads.importing.batches import Batch, ahead, batches, import_columns
from leads.importing.claims import Superseded, beat, end_check
from leads.importing.clean import Refusal
from leads.importing.read import Dialect, Unreadable
from leads.importing.uploads import dialect_of
from leads.mailable import domain_reason
from leads.models import Import, ImportState
from leads.services import ErasedAddress
from leads.suppression import digest

# Checked at once: about 8,000 rows, a quarter of a second.
SMALL_BYTES = 1 << 20
MOST_REASONS = 50
LINES_SHOWN = 5

TABLE = "CREATE TEMPORARY TABLE IF NOT EXISTS import_check (digest bytea, domain text); TRUNCATE import_check"
COPY = "COPY import_check (digest, domain) FROM STDIN"
# A group and joins over all rows at once. Measured on two cores: 2.5 s for a million rows beside a million leads. Where
# domains are suppressed each one in the file is looked for once: up to 7 s more, where each row has its own.
COUNT = f"""
WITH covered AS MATERIALIZED (
    SELECT domain, {domain_reason("%(organisation)s", "found.domain")} AS reason
    FROM (SELECT DISTINCT domain FROM import_check) found
), person AS MATERIALIZED (
    SELECT rows, lead.id AS lead, coalesce(suppressed.reason, covered.reason) AS why
    FROM (SELECT digest, domain, count(*) AS rows FROM import_check GROUP BY digest, domain) person
    JOIN covered USING (domain)
    LEFT JOIN leads_lead lead ON lead.organisation_id = %(organisation)s AND lead.digest = person.digest
    LEFT JOIN leads_suppression suppressed
        ON suppressed.organisation_id = %(organisation)s AND suppressed.digest = person.digest
)
SELECT count(*) FILTER (WHERE lead IS NULL AND why IS DISTINCT FROM 'erased'),
    count(*) FILTER (WHERE lead IS NOT NULL AND why IS DISTINCT FROM 'erased'),
    coalesce(sum(rows - 1) FILTER (WHERE why IS DISTINCT FROM 'erased'), 0),
    coalesce(sum(rows) FILTER (WHERE why <> 'erased'), 0),
    coalesce(sum(rows) FILTER (WHERE why = 'erased'), 0)
FROM person
"""  # noqa: S608  (words of our own)
# At most, for as many rows as a file can have; meanwhile the worker cannot say that it lives.
COUNT_TAKES = timedelta(minutes=5)


@dataclass
class Reason:
    """Why rows are refused: how many, and the lines of the first of them."""

    text: str
    rows: int = 0
    lines: list[int] = field(default_factory=list)


@dataclass
class Findings:
    """What a check found, in rows of the file. `of` says how it was read and mapped then; `problem` why it ended early."""

    of: str = ""
    problem: str = ""
    rows: int = 0
    new: int = 0
    known: int = 0
    duplicates: int = 0
    suppressed: int = 0
    refused: int = 0
    flags: dict[str, int] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)

    def refuse(self, found: Refusal) -> None:
        """Count a refused row."""
        self.refused += 1
        reason = next((known for known in self.reasons if known.text == found.kind), None)
        if reason is None:
            if len(self.reasons) >= MOST_REASONS:
                return
            self.reasons.append(reason := Reason(found.kind))
        reason.rows += 1
        if len(reason.lines) < LINES_SHOWN:
            reason.lines.append(found.line)

    def stored(self) -> dict[str, object]:
        return asdict(self)


def findings_of(stored: Mapping[str, Any]) -> Findings:
    """What `Findings.stored` made, back again."""
    return Findings(**{**stored, "reasons": [Reason(**reason) for reason in stored.get("reasons", [])]})


def fingerprint(dialect: Dialect, mapping: Mapping[str, str]) -> str:
    """What a check is of: the same file, read and mapped otherwise, has other problems."""
    about = [dialect.encoding, dialect.separator, dialect.sheet, dialect.header_line, sorted(mapping.items())]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def is_small(draft: Import) -> bool:
    return draft.size <= SMALL_BYTES


@transaction.atomic
def check_now(draft: Import) -> Findings:
    """The findings of a small file, read and mapped as `draft` says (it need not be saved so)."""
    return check(draft, batches(draft, import_columns(draft)))


def check_file(importing: Import) -> None:
    """Check a large draft in a worker, saying how far it is. Raises Superseded."""
    found = ahead(batches(importing, import_columns(importing)), partial(beat, importing))
    end_check(importing, check(importing, told(importing, found)).stored())


def told(importing: Import, found: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches; those that are done with are told to whoever waits. Raises Superseded."""
    rows = 0
    mine = Import.objects.filter(pk=importing.pk, state=ImportState.CHECKING)
    for batch in found:
        yield batch
        rows += len(batch)
        if not mine.update(rows=rows, position=batch.position, heartbeat_at=timezone.now(), attempts=0):
            raise Superseded
    mine.update(heartbeat_at=timezone.now() + COUNT_TAKES)


def check(importing: Import, found: Iterator[Batch]) -> Findings:
    findings = Findings(of=fingerprint(dialect_of(importing), importing.mapping))
    flags: Counter[str] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        try:
            for batch in found:
                findings.rows += len(batch)
                for refusal in batch.refused:
                    findings.refuse(refusal)
                flags.update(flag for contact in batch.contacts for flag in contact.flags)
                with cursor.copy(COPY) as out:
                    for contact in batch.contacts:
                        key = contact.address.key
                        out.write_row((digest(key), key.rpartition("@")[2]))
        except Unreadable as error:
            findings.problem = str(error)
        cursor.execute(COUNT, {"organisation": importing.organisation_id})
        findings.new, findings.known, findings.duplicates, findings.suppressed, erased = map(int, cursor.fetchone())
        cursor.execute("TRUNCATE import_check")
    if erased:
        findings.refused += erased
        findings.reasons.append(Reason(str(ErasedAddress()), erased))
    findings.flags = dict(flags)
    findings.reasons.sort(key=lambda reason: -reason.rows)
    return findings
