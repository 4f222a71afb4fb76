"""The refused rows of an import: as CSV (line, reason, then the cells as they were), and what an erasure takes of them.

They hold personal data of people who became no lead, so they go after `upkeep.REJECTED_KEPT`, and at once where they name
somebody who is erased.
"""

from collections.abc import Iterator, Sequence

from django.db import connection
from django.http import StreamingHttpResponse

from ecrm.spreadsheet import csv_response
from leads.importing.recognise import unique
from leads.models import Import, Lead, RejectedRow

CHUNK = 500

# Whole addresses are compared, not parts of cells: one pass over the organisation's refused rows, however many people.
# Measured on two cores: 200,000 rows of five cells take about a second, for one person or for 500.
FORGET = r"""
DELETE FROM leads_rejectedrow refused
WHERE refused.organisation_id = %(organisation)s AND EXISTS (
    SELECT FROM jsonb_array_elements_text(refused.cells) AS cell,
        regexp_matches(cell, '[^][:space:]["<>(),:;|\\]+@[^][:space:]["<>(),:;|\\]+', 'g') AS found
    WHERE cell LIKE '%%@%%' AND lower(btrim(found[1], '.' || chr(39))) = ANY (%(addresses)s))
"""


def rejected_rows(importing: Import) -> Iterator[list[str]]:
    """The file's own columns come last, so that a row with too many cells says so by itself."""
    yield unique(["line", "reason", *importing.header])
    found = RejectedRow.objects.filter(source=importing).order_by("line")
    for row in found.iterator(chunk_size=CHUNK):
        yield [str(row.line), row.reason, *row.cells]


def rejected_response(importing: Import, *, mark: bool = True) -> StreamingHttpResponse:
    return csv_response(rejected_rows(importing), f"import-{importing.pk}-rejected.csv", mark=mark)


def forget_people(leads: Sequence[int]) -> None:
    """The hook `services.ERASERS`: refused rows that name these people go with them; the imports' counts stay."""
    people: dict[int, set[str]] = {}
    for organisation, email, key in Lead.objects.filter(pk__in=leads).values_list(
        "organisation_id", "email", "email_key"
    ):
        people.setdefault(organisation, set()).update((email.lower(), key))
    with connection.cursor() as cursor:
        for organisation, addresses in people.items():
            cursor.execute(FORGET, {"organisation": organisation, "addresses": sorted(addresses)})
