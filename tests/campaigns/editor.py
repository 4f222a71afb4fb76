"""The sequence editor's form, as a browser sends it."""

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.models import Campaign


def edit(campaign: Campaign) -> str:
    return f"/o/{campaign.organisation.slug}/campaigns/{campaign.pk}/edit/"


def step(subject: str = "Hi", *variants: Mapping[str, str], **values: str) -> dict[str, Any]:
    """A step of one variant, or with `variants` beside it."""
    own = {"name": "A", "weight": "1", "subject": subject, "body_html": "<p>Hi</p>", "body_text": ""}
    beside = [own | {"name": letter} | dict(variant) for letter, variant in zip("BCD", variants, strict=False)]
    usual = {
        "id": "",
        "wait": "3",
        "unit": "days",
        "thread": "",
        "condition": "",
        "winner_after": "",
        "winner_by": "replied",
    }
    return {"values": usual | values, "variants": [own, *beside]}


def form(*steps: Mapping[str, Any], name: str = "Spring", **more: str) -> dict[str, str]:
    sent = {"name": name, "steps": str(len(steps))}
    for at, one in enumerate(steps):
        sent |= {f"steps-{at}-{key}": value for key, value in one["values"].items()}
        sent |= {f"steps-{at}-variants": str(len(one["variants"])), f"steps-{at}-shown": "0"}
        for number, variant in enumerate(one["variants"]):
            sent |= {f"steps-{at}-variants-{number}-{key}": value for key, value in variant.items()}
    return sent | more


def page_form(context: Any) -> dict[str, str]:
    """What a browser would send of the page with this context, untouched."""
    shown = context["form"]
    sent = {"name": shown.head["name"].value(), "version": str(shown.head["version"].value() or "")}
    sent |= {"anyway": str(shown.head["anyway"].value() or ""), "steps": str(len(shown.steps))}
    for one in shown.steps:
        sent |= values_of(one) | {f"{one.prefix}-variants": str(len(one.variants)), f"{one.prefix}-shown": "0"}
        for variant in one.variants:
            sent |= values_of(variant)
    return sent


def values_of(bound: Any) -> dict[str, str]:
    return {field.html_name: str(field.value() or "") for field in bound}


def shapes(context: Any) -> list[str]:
    """Each step by its first subject and its variants' names, as in "Hi A B"."""
    found: Sequence[Any] = context["form"].steps
    return [
        " ".join([one.variants[0]["subject"].value() or "", *(form.letter for form in one.variants)]) for one in found
    ]
