"""What saving a sequence would change for the leads of a campaign that was started, before it is saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from campaigns.models import Campaign, CampaignState, Message, MessageState
from campaigns.reach import Reach, reach
from campaigns.wording import StepContent, sequence_of, with_plain_lines

# What a step says about those before it.
BEFORE = ("delay_hours", "delay_business_days", "same_thread", "condition")


@dataclass(frozen=True)
class Difference:
    """A step that is new, changed, or gone: what happens, in words; how many leads had it, and how many still come to it."""

    position: int
    what: str
    had: int
    to_come: int


@dataclass(frozen=True)
class Fixed:
    """What was sent and so must stay: steps that keep their place, and variants (with their step) that cannot go."""

    steps: frozenset[str] = frozenset()
    variants: frozenset[tuple[str, str]] = frozenset()


def fixed(campaign: Campaign) -> Fixed:
    """Ids as text, as the editor has them."""
    if campaign.state == CampaignState.DRAFT:
        return Fixed()
    parts = (
        Message.objects.filter(campaign=campaign).values_list("step", "variant__name", "state").distinct().order_by()
    )
    known = [(str(step), name, state) for step, name, state in parts]
    sent = frozenset(step for step, _, state in known if state != MessageState.PLANNED)
    return Fixed(sent, frozenset((step, name) for step, name, _ in known))


def differences(campaign: Campaign, steps: Sequence[StepContent]) -> list[Difference]:
    """What becomes another if `steps` are saved; nothing for a draft, which reaches nobody yet."""
    if campaign.state == CampaignState.DRAFT:
        return []
    return list(compare(sequence_of(campaign), steps, reach(campaign)))


def compare(
    stored: Sequence[StepContent], steps: Sequence[StepContent], reached: Sequence[Reach]
) -> Iterator[Difference]:
    known = {content.id: (content, numbers) for content, numbers in zip(stored, reached, strict=True)}
    going_on = reached[-1].to_come if reached else 0
    for position, content in enumerate(steps, 1):
        before, numbers = known.pop(content.id, (None, None))
        if before is None or numbers is None:
            yield Difference(position, "is new", 0, going_on)
        elif as_typed(content, position) != as_typed(before, position):
            yield Difference(position, "changes", numbers.had, numbers.to_come)
        elif position != numbers.position:
            yield Difference(position, f"was step {numbers.position}", numbers.had, numbers.to_come)
    for _, numbers in known.values():
        yield Difference(numbers.position, "goes", numbers.had, numbers.to_come)


def as_typed(content: StepContent, position: int) -> StepContent:
    """As the editor would have it: nothing comes before the first step, and a line ends as it does there."""
    if position == 1:
        nothing = StepContent()
        content = replace(content, **{name: getattr(nothing, name) for name in BEFORE})
    return replace(content, variants=tuple(with_plain_lines(variant) for variant in content.wordings))
