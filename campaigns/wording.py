"""What a sequence says, as values: what an editor or a program sends, and what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from campaigns.models import Campaign, Condition, Step, Variant, WinnerBy

MOST_STEPS = 20
MOST_VARIANTS = 10


@dataclass(frozen=True)
class VariantContent:
    """A wording, as Liquid templates, and its share of the leads; an empty name: the next free letter. `files`: the ids of the
    attached ones; None leaves those that are.
    """

    subject: str = ""
    body_html: str = ""
    body_text: str = ""
    name: str = ""
    weight: int = 1
    files: tuple[int, ...] | None = None

    @classmethod
    def of(cls, variant: Variant) -> "VariantContent":
        bodies = variant.subject, variant.body_html, variant.body_text
        return cls(*bodies, variant.name, variant.weight, tuple(variant.files))


@dataclass(frozen=True)
class StepContent:
    """What a step says, and when it goes out: so many hours, or business days, after the step before.

    The first fields are the wording of a step with one variant. `variants` are all of them where there are several, and count
    instead. `id` is the step that is stored already; without one it is the one at its place.
    """

    subject: str = ""
    body_html: str = ""
    body_text: str = ""
    delay_hours: float = 0.0
    delay_business_days: int = 0
    same_thread: bool = False
    condition: str = Condition.ALWAYS
    winner_after: int | None = None
    winner_by: str = WinnerBy.REPLIED
    variants: tuple[VariantContent, ...] = ()
    id: int | None = None

    @classmethod
    def of(cls, step: Step) -> "StepContent":
        return cls(
            variants=tuple(VariantContent.of(variant) for variant in step.variants.all()),
            id=step.pk,
            **{name: getattr(step, name) for name in TIMING},
        )

    @property
    def wordings(self) -> list[VariantContent]:
        """Every variant, each with a name of its own."""
        own = VariantContent(self.subject, self.body_html, self.body_text, "A")
        return named(self.variants or (own,))


def with_plain_lines(variant: VariantContent) -> VariantContent:
    """The same with lines that end as most text's do; browsers send others."""
    changed = {name: getattr(variant, name).replace("\r\n", "\n") for name in ("body_html", "body_text")}
    return replace(variant, **changed)


# The columns of a step besides its place and its variants.
TIMING = ("delay_hours", "delay_business_days", "same_thread", "condition", "winner_after", "winner_by")


def named(variants: Sequence[VariantContent]) -> list[VariantContent]:
    """The variants, those without a name called by the first letters that are free."""
    taken = {variant.name for variant in variants}
    free = (letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in taken)
    return [variant if variant.name else replace(variant, name=next(free)) for variant in variants]


def sequence_of(campaign: Campaign) -> list[StepContent]:
    """The campaign's steps as they are stored."""
    return [StepContent.of(step) for step in campaign.steps.prefetch_related("variants")]
