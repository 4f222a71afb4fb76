"""A step: when it goes out, in which thread, to whom, and what it says."""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms

from campaigns.forms import typed
from campaigns.forms.wording import MOST_ID, WordingForm
from campaigns.models import Campaign, Condition, WinnerBy
from campaigns.preflight import FIELDS, field_problems
from campaigns.reach import Reach
from campaigns.wording import StepContent, VariantContent, with_plain_lines
from ecrm.forms import OurWords

MOST_WEIGHT = 1000
MOST_WAIT = {"hours": 24 * 365, "days": 365, "business": 365}
UNITS = (("hours", "hours"), ("days", "days"), ("business", "business days"))
THREADS = (("", "as a mail of its own"), ("reply", "as a reply in the same thread"))
WINNERS = ((WinnerBy.REPLIED, "replies"), (WinnerBy.CLICKED, "clicks"), (WinnerBy.OPENED, "opens"))


class VariantForm(WordingForm):
    """A wording and its share."""

    name = forms.CharField(max_length=20, widget=forms.HiddenInput)
    weight = forms.IntegerField(
        min_value=0,
        max_value=MOST_WEIGHT,
        label="Share",
        help_text="Its part of the leads, beside the other variants’. 0: nobody gets it.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "data-weight": ""}),
    )
    # Set by the step it belongs to.
    letter = act_copy = act_remove = ""
    share = 0
    shown = True
    used = False

    def content(self) -> VariantContent:
        return with_plain_lines(VariantContent(**self.cleaned_data))

    @property
    def removal(self) -> str:
        """What is asked before it goes; nothing where nothing would be lost."""
        return f"Remove variant {self.letter} and what is written in it?" if self.written else ""

    @property
    def written(self) -> bool:
        return any(self[name].value() for name, _, _ in FIELDS)

    def weight_typed(self) -> int:
        return typed.number(self["weight"].value(), MOST_WEIGHT)

    def note_template_problems(self, campaign: Campaign) -> bool:
        """Put what is wrong with the templates at their fields; whether there was anything."""
        for name, _, html in FIELDS:
            for problem in field_problems(campaign.organisation, self.cleaned_data[name], html=html):
                self.errors.setdefault(name, self.error_class()).append(problem)
        return bool(self.errors)


class StepForm(OurWords, forms.Form):
    """When a step goes out, in which thread and to whom; its wordings are `variants`."""

    id = forms.CharField(required=False, max_length=18, widget=forms.HiddenInput)
    wait = forms.FloatField(
        required=False, min_value=0, label="After", widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    unit = forms.ChoiceField(required=False, choices=UNITS, label="Unit")
    thread = forms.ChoiceField(required=False, choices=THREADS, label="Thread")
    condition = forms.ChoiceField(required=False, choices=Condition.choices, label="To whom")
    winner_after = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        label="Choose the best after",
        help_text="Mails of each variant; from then on everyone gets the best. Empty: never.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    winner_by = forms.ChoiceField(required=False, choices=WINNERS, label="The best has most")

    # Of a campaign that was started.
    reached: Reach | None = None
    winner = ""

    def __init__(
        self, step: typed.TypedStep, at: int, locked: Collection[str], used: Collection[tuple[str, str]]
    ) -> None:
        """`locked`: ids of steps that keep their place. `used`: ids and names of variants that cannot go."""
        super().__init__(prefixed(typed.prefix_of(at), step.values), prefix=typed.prefix_of(at))
        self.at, self.number, self.first = at, at + 1, at == 0
        self.place, self.word = str(at), str(at + 1)  # in what its buttons do and are called
        self.focus = step.focus
        self.locked = bool(step.values.get("id")) and step.values["id"] in locked
        self.movable_up = self.movable_down = False  # the sequence says so
        self.variants = [self.variant_form(step, one) for one in range(len(step.variants))]
        for form in self.variants:
            form.used = (step.values.get("id", ""), form["name"].value()) in used

    def variant_form(self, step: typed.TypedStep, at: int) -> VariantForm:
        prefix = typed.prefix_of(self.at, at)
        form = VariantForm(prefixed(prefix, step.variants[at]), prefix=prefix)
        form.letter = step.variants[at].get("name", "")
        form.act_copy, form.act_remove = f"copy-{self.at}-{at}", f"remove-{self.at}-{at}"
        form.shown = at == step.shown
        whole = sum(typed.number(variant.get("weight"), MOST_WEIGHT) for variant in step.variants)
        form.share = round(100 * form.weight_typed() / whole) if whole else 0
        if at == step.focus:
            form.fields["subject"].widget.attrs["autofocus"] = True
        return form

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        wait, unit = values.get("wait"), values.get("unit") or "hours"
        if self.first or self.errors:
            return values
        if wait is None:
            self.add_error("wait", "Say how long it waits; 0: not at all.")
        elif wait > MOST_WAIT[unit]:
            self.add_error("wait", "A year at the most.")
        elif unit == "business" and not wait.is_integer():
            self.add_error("wait", "Whole business days only.")
        return values

    def timing(self) -> dict[str, Any]:
        """How long it waits, as `StepContent` takes it."""
        wait, unit = self.cleaned_data["wait"], self.cleaned_data["unit"]
        if self.first or not wait:
            return {}
        if unit == "business":
            return {"delay_business_days": int(wait)}
        return {"delay_hours": wait * (typed.DAY if unit == "days" else 1)}

    def content(self) -> StepContent:
        values = self.cleaned_data
        return StepContent(
            **self.timing(),
            id=typed.number(values["id"], MOST_ID) or None,
            same_thread=not self.first and values["thread"] == "reply",
            condition=Condition.ALWAYS if self.first else Condition(values["condition"]),
            winner_after=values["winner_after"],
            winner_by=values["winner_by"] or WinnerBy.REPLIED,
            variants=tuple(form.content() for form in self.variants),
        )

    @property
    def removal(self) -> str:
        """What is asked before it goes; nothing where nothing would be lost."""
        written = any(form.written for form in self.variants)
        return f"Remove step {self.number} and what is written in it?" if written else ""

    @property
    def replies(self) -> bool:
        return not self.first and bool(self["thread"].value())

    @property
    def wrong(self) -> bool:
        return bool(self.errors) or any(form.errors for form in self.variants)


def prefixed(prefix: str, values: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}-{name}": value for name, value in values.items()}
