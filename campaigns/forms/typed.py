"""A sequence as it stands in the editor: plain text under the names of its fields, right or wrong, so that nothing that was
typed is lost while steps and variants come, go and change places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from campaigns.models import Campaign
from campaigns.wording import MOST_STEPS, MOST_VARIANTS, StepContent, VariantContent, sequence_of

STEP = ("id", "wait", "unit", "thread", "condition", "winner_after", "winner_by")
VARIANT = ("name", "weight", "subject", "body_html", "body_text", "files")
# How long a new follow-up waits.
USUAL_WAIT = {"wait": "3", "unit": "days"}
DAY = 24  # hours


@dataclass
class TypedStep:
    """A step's fields, those of its variants, which of these is open, and which one the person should be led to: a variant's
    number, or -1 for the step as a whole.
    """

    values: dict[str, str] = field(default_factory=dict)
    variants: list[dict[str, str]] = field(default_factory=lambda: [{"name": "A", "weight": "1"}])
    shown: int = 0
    focus: int | None = None


def prefix_of(step: int, variant: int | None = None) -> str:
    """What the names of its fields begin with."""
    return f"steps-{step}" if variant is None else f"steps-{step}-variants-{variant}"


def number(text: str | None, most: int) -> int:
    """A count out of a form, 0 where it is none."""
    return min(int(text), most) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0


def read(data: Mapping[str, str]) -> list[TypedStep]:
    """The sequence that a form was sent with."""
    return [read_step(data, at) for at in range(number(data.get("steps"), MOST_STEPS))]


def read_step(data: Mapping[str, str], at: int) -> TypedStep:
    prefix = prefix_of(at)
    count = number(data.get(f"{prefix}-variants"), MOST_VARIANTS)
    variants = [{name: data.get(f"{prefix_of(at, one)}-{name}", "") for name in VARIANT} for one in range(count)]
    values = {name: data.get(f"{prefix}-{name}", "") for name in STEP}
    return TypedStep(values, variants or TypedStep().variants, number(data.get(f"{prefix}-shown"), max(count - 1, 0)))


def stored(campaign: Campaign) -> list[TypedStep]:
    """The sequence as it is stored."""
    return settle([of_content(content) for content in sequence_of(campaign)])


def of_content(content: StepContent) -> TypedStep:
    wait, unit = wait_of(content)
    values = {
        "id": str(content.id or ""),
        "wait": wait,
        "unit": unit,
        "thread": "reply" if content.same_thread else "",
        "condition": content.condition,
        "winner_after": str(content.winner_after or ""),
        "winner_by": content.winner_by,
    }
    return TypedStep(values, [of_variant(variant) for variant in content.wordings])


def of_variant(content: VariantContent) -> dict[str, str]:
    values = {name: str(getattr(content, name)) for name in VARIANT}
    return values | {"files": " ".join(map(str, content.files or ()))}


def wait_of(content: StepContent) -> tuple[str, str]:
    """How long a step waits, as a number and its unit."""
    if content.delay_business_days:
        return str(content.delay_business_days), "business"
    days = content.delay_hours / DAY
    return (f"{days:g}", "days") if days and days.is_integer() else (f"{content.delay_hours:.12g}", "hours")


def settle(steps: Sequence[TypedStep]) -> list[TypedStep]:
    """The first step waits for nothing; one that is not the first any more waits as long as is usual."""
    for at, step in enumerate(steps):
        if at == 0:
            step.values["wait"] = ""
        elif not step.values.get("wait"):
            step.values |= USUAL_WAIT
    return list(steps)
