"""How far an import is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.importing.progress import progress_of
from leads.models import Import


@pytest.mark.parametrize(
    ("state", "values", "label"),
    [
        ("pending", {}, "Waiting for its turn"),
        ("running", {"position": 500, "rows": 1234, "seconds": 1}, "Imported so far: 1,234 rows, 50 %"),
        (
            "running",
            {"position": 500, "rows": 9, "seconds": 20},
            "Imported so far: 9 rows, 50 %, about 20 seconds left",
        ),
        ("checking", {"position": 100, "rows": 9, "seconds": 20}, "Checked so far: 9 rows, 10 %, about 3 minutes left"),
        ("undoing", {"rows": 10, "rejected": 2, "undone": 3, "kept": 1}, "Taken back for 4 of 8 leads"),
    ],
)
def test_progress_is_told_in_words(state: str, values: dict[str, int], label: str) -> None:
    begun = timezone.now() - timedelta(seconds=values.pop("seconds", 0))
    found = progress_of(Import(state=state, size=1000, started_at=begun, **values))
    assert found.label == label
    assert 0 <= found.value <= found.max
