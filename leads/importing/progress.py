"""How far an import is, in words and as a part of the whole."""

from dataclasses import dataclass

from django.utils import timezone

from leads.importing.undo import people_met
from leads.models import Import, ImportState

FEW_SECONDS = 5  # before these nothing can be said of the time left


@dataclass(frozen=True)
class Progress:
    value: int
    max: int
    label: str


def progress_of(importing: Import) -> Progress:
    if importing.state == ImportState.UNDOING:
        done, total = importing.undone + importing.kept, people_met(importing)
        return Progress(done, max(1, total), f"Taken back for {done:,} of {total:,} leads")
    if importing.state == ImportState.PENDING or not importing.position:
        return Progress(0, max(1, importing.size), "Waiting for its turn")
    percent = min(99, 100 * importing.position // max(1, importing.size))
    doing = "Checked so far" if importing.state == ImportState.CHECKING else "Imported so far"
    label = f"{doing}: {importing.rows:,} rows, {percent} %"
    return Progress(importing.position, importing.size, ", ".join(filter(None, [label, time_left(importing)])))


def time_left(importing: Import) -> str:
    """As long as the rest takes at the speed so far; empty where that cannot be told yet."""
    begun = importing.started_at
    seconds = (timezone.now() - begun).total_seconds() if begun else 0
    if seconds < FEW_SECONDS or not importing.position:
        return ""
    left = seconds * (importing.size - importing.position) / importing.position
    if left < 50:
        return f"about {max(5, 5 * round(left / 5))} seconds left"
    minutes = max(1, round(left / 60))
    return f"about {minutes} minute{'s' if minutes > 1 else ''} left"
