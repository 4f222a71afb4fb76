"""What the preflight finds: one thing that stands in the way, or should be looked at again."""

from dataclasses import dataclass
from typing import Literal

# Fields → the tab of the campaign that they stand on; those of steps stand on "sequence".
TABS = {
    "lists": "audience",
    "segments": "audience",
    "skip_busy": "audience",
    "wait_for_fields": "audience",
    "senders": "audience",
    "start_at": "schedule",
    "window": "schedule",
    "daily_cap": "schedule",
    "postal_address": "settings",
}


@dataclass(frozen=True)
class Finding:
    """`field` is what can mend it: a field of the campaign or its step, or "postal_address" in the organisation's
    settings. `step` is a position, None where the campaign as a whole is meant. `leads`: how many would get nothing for it.
    """

    level: Literal["error", "warning"]
    field: str
    message: str
    fix: str = ""
    step: int | None = None
    leads: int = 0
    variant: str = ""  # its name, where the step has several

    @property
    def tab(self) -> str:
        """Where it is mended: sequence, audience, schedule or settings (the organisation's)."""
        return TABS.get(self.field, "sequence")

    @property
    def blocks(self) -> bool:
        return self.level == "error"
