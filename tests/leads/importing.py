"""What the import tests share: files, and an import taken from its bytes to its end."""

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation
from leads.importing.flow import draft_import, look, start_import
from leads.importing.run import run_import
from leads.models import Import, RejectedRow

EXPORTS = Path(__file__).parent / "data"


def draft(organisation: Organisation, content: bytes, name: str = "people.csv", **options: Any) -> Import:
    return draft_import(
        organisation, organisation.members.order_by("pk")[0], SimpleUploadedFile(name, content), **options
    )


def started(
    organisation: Organisation, content: bytes, mapping: dict[str, str] | None = None, **options: Any
) -> Import:
    """An import that waits for a worker."""
    made = draft(organisation, content, **options)
    start_import(made, look(made), made.mapping | (mapping or {}))
    return made


def imported(organisation: Organisation, content: bytes, **options: Any) -> Import:
    """An import that has ended."""
    made = started(organisation, content, **options)
    run_import(made.pk)
    made.refresh_from_db()
    return made


def counts(made: Import) -> tuple[int, int, int, int, int]:
    """Rows, created, updated, skipped, rejected."""
    return made.rows, made.created, made.updated, made.skipped, made.rejected


def refusals(made: Import) -> list[tuple[int, str]]:
    return list(RejectedRow.objects.filter(source=made).order_by("line").values_list("line", "reason"))
