"""Wordings of the sequence editor that come from templates, and go into new ones; nothing of the campaign is stored."""

from collections.abc import Mapping, Sequence
from copy import deepcopy

from accounts.models import Organisation
from campaigns.forms import typed
from campaigns.forms.library import TemplateForm
from campaigns.library import template_of
from campaigns.wording import MOST_STEPS, MOST_VARIANTS

WORDING = ("subject", "body_html", "body_text")


def place_of(steps: Sequence[typed.TypedStep], at: str) -> tuple[int, int] | None:
    """The step and the variant that "1-0" names; None where there is none."""
    step, _, variant = at.partition("-")
    place = typed.number(step, MOST_STEPS), typed.number(variant, MOST_VARIANTS)
    return place if place[0] < len(steps) and place[1] < len(steps[place[0]].variants) else None


def begun(
    organisation: Organisation, steps: Sequence[typed.TypedStep], data: Mapping[str, str]
) -> list[typed.TypedStep]:
    """The steps where the variant that `begin` names says what the template that is chosen beside it says; as they are
    where none is chosen, or it was deleted.
    """
    changed = deepcopy(list(steps))
    if place := place_of(changed, data.get("begin", "")):
        chosen = typed.number(data.get(f"{typed.prefix_of(*place)}-template"), typed.MOST_ID)
        step = changed[place[0]]
        if template := template_of(organisation, chosen):
            step.variants[place[1]] |= {name: getattr(template, name) for name in WORDING}
            step.shown = step.focus = place[1]
    return changed


def template_form(
    organisation: Organisation, steps: Sequence[typed.TypedStep], place: tuple[int, int], name: str
) -> TemplateForm:
    """The wording at `place` as a template of that name, checked as any."""
    written = steps[place[0]].variants[place[1]]
    return TemplateForm(organisation, {"name": name} | {part: written.get(part, "") for part in WORDING})
