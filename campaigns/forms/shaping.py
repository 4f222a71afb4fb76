"""Steps and variants come, go and change places in the editor; nothing is stored."""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy

from campaigns.forms.typed import TypedStep, number, settle
from campaigns.wording import MOST_STEPS, MOST_VARIANTS

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shaped(steps: Sequence[TypedStep], what: str, locked: Collection[str]) -> list[TypedStep]:
    """The steps after `what`: "add", or a verb with a step's number and perhaps a variant's ("copy-0", "remove-1-2"); as they
    are where it makes no sense. `locked`: ids of the steps that keep their place.
    """
    verb, *places = what.split("-")
    at = [number(place, MOST_STEPS) for place in places]
    changed = deepcopy(list(steps))
    if (verb, len(at)) not in ACTS or (at and at[0] >= len(steps)):
        return changed
    first_free = max((one + 1 for one, step in enumerate(steps) if step.values.get("id") in locked), default=0)
    ACTS[verb, len(at)](changed, first_free, *at)
    return settle(changed)


def add_step(steps: list[TypedStep], first_free: int) -> None:
    if len(steps) < MOST_STEPS:
        steps.append(TypedStep({"thread": "reply" if steps else ""}, focus=0))


def copy_step(steps: list[TypedStep], first_free: int, at: int) -> None:
    if len(steps) < MOST_STEPS:
        copy = deepcopy(steps[at])
        copy.values["id"], copy.focus = "", -1
        steps.insert(max(at + 1, first_free), copy)


def remove_step(steps: list[TypedStep], first_free: int, at: int) -> None:
    if len(steps) > 1 and at >= first_free:
        del steps[at]
        steps[min(at, len(steps) - 1)].focus = -1


def move_up(steps: list[TypedStep], first_free: int, at: int) -> None:
    if at > first_free:
        steps[at - 1], steps[at] = steps[at], steps[at - 1]
        steps[at - 1].focus = -1


def move_down(steps: list[TypedStep], first_free: int, at: int) -> None:
    if first_free <= at < len(steps) - 1:
        steps[at + 1], steps[at] = steps[at], steps[at + 1]
        steps[at + 1].focus = -1


def add_variant(steps: list[TypedStep], first_free: int, at: int) -> None:
    put_variant(steps[at], {"weight": "1"})


def copy_variant(steps: list[TypedStep], first_free: int, at: int, one: int) -> None:
    if one < len(steps[at].variants):
        put_variant(steps[at], dict(steps[at].variants[one]))


def put_variant(step: TypedStep, variant: dict[str, str]) -> None:
    taken = {known.get("name") for known in step.variants}
    if len(step.variants) < MOST_VARIANTS:
        variant["name"] = next(letter for letter in LETTERS if letter not in taken)
        step.variants.append(variant)
        step.shown = step.focus = len(step.variants) - 1


def remove_variant(steps: list[TypedStep], first_free: int, at: int, one: int) -> None:
    step = steps[at]
    if len(step.variants) > 1 and one < len(step.variants):
        del step.variants[one]
        if len(step.variants) == 1:
            step.variants[0]["weight"] = "1"
        step.shown = step.focus = min(one, len(step.variants) - 1)


ACTS: dict[tuple[str, int], Callable[..., None]] = {
    ("add", 0): add_step,
    ("copy", 1): copy_step,
    ("remove", 1): remove_step,
    ("up", 1): move_up,
    ("down", 1): move_down,
    ("add", 1): add_variant,
    ("copy", 2): copy_variant,
    ("remove", 2): remove_variant,
}
