"""The refused rows of an import as CSV: line, reason, then the cells as they were."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse

from ecrm.spreadsheet import csv_response
from leads.importing.recognise import unique
from leads.models import Import, RejectedRow

CHUNK = 500


def rejected_rows(importing: Import) -> Iterator[list[str]]:
    """The file's own columns come last, so that a row with too many cells says so by itself."""
    yield unique(["line", "reason", *importing.header])
    found = RejectedRow.objects.filter(source=importing).order_by("line")
    for row in found.iterator(chunk_size=CHUNK):
        yield [str(row.line), row.reason, *row.cells]


def rejected_response(importing: Import) -> StreamingHttpResponse:
    return csv_response(rejected_rows(importing), f"import-{importing.pk}-rejected.csv")
