"""What may be typed about a lead and about a list."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from ecrm.forms import OurWords
from leads.addresses import BadAddress, normalise_email
from leads.fields import LONGEST_CHOICE, MOST_CHOICES, fitted
from leads.lists import LONGEST_NAME, clean_text
from leads.models import CustomField, FieldKind, Lead
from leads.segments.vocabulary import BadValue
from leads.services import (
    LONGEST,
    LONGEST_FIELD,
    LONGEST_FIELD_NAME,
    LONGEST_SOURCE,
    LONGEST_TAG,
    MAX_CUSTOM_FIELDS,
    MAX_TAGS,
    clean_tags,
)

BY_HAND = "Entered by hand"


@dataclass
class Pair:
    """A custom field as it is typed: a name, a value, what is wrong with them, and what the field holds, where it says."""

    name: str = ""
    value: str = ""
    error: str = ""
    defined: CustomField | None = None


Defined = Mapping[str, CustomField]


def typed_pairs(data: QueryDict, defined: Defined) -> list[Pair]:
    """The custom fields of a posted form, in their order."""
    names, values = data.getlist("field_name"), data.getlist("field_value")
    typed = [Pair(name, value, "", defined.get(name)) for name, value in zip(names, values, strict=False)]
    return typed[: MAX_CUSTOM_FIELDS + 1]


def pairs_of(lead: Lead | None, defined: Defined) -> list[Pair]:
    """A lead's custom fields: first those with a definition, filled or not."""
    values = {name: str(value) for name, value in lead.fields.items()} if lead else {}
    names = [*defined, *(name for name in values if name not in defined)]
    return [Pair(name, values.get(name, ""), "", defined.get(name)) for name in names][:MAX_CUSTOM_FIELDS]


def judge_pairs(pairs: Iterable[Pair]) -> dict[str, str]:
    """The fields that `pairs` make; what cannot be is said in each pair's `error`."""
    fields: dict[str, str] = {}
    for pair in pairs:
        name, value = clean_text(pair.name, LONGEST_FIELD_NAME + 1), pair.value.replace("\r\n", "\n").strip()
        if not name and not value:
            continue
        if not name:
            pair.error = "Give this value a name."
        elif len(name) > LONGEST_FIELD_NAME:
            pair.error = f"A name has {LONGEST_FIELD_NAME} characters at most."
        elif name in fields:
            pair.error = f"There are two fields called {name}."
        elif len(value) > LONGEST_FIELD:
            pair.error = f"A value has {LONGEST_FIELD} characters at most."
        fields[name] = held(pair, value)
    return fields


def held(pair: Pair, value: str) -> str:
    """The value as its field keeps it; as it is, with the reason in `error`, where the field does not hold such."""
    try:
        return fitted(pair.defined, value) if pair.defined else value
    except BadValue as error:
        pair.error = pair.error or str(error)
        return value


class LeadForm(OurWords, forms.Form):
    """A lead's own fields, its tags, and its custom fields as pairs of name and value (`self.pairs`)."""

    email = forms.CharField(
        label="Email address",
        max_length=320,
        widget=forms.TextInput(
            attrs={"inputmode": "email", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    first_name = forms.CharField(required=False, max_length=LONGEST["first_name"])
    last_name = forms.CharField(required=False, max_length=LONGEST["last_name"])
    company = forms.CharField(required=False, max_length=LONGEST["company"])
    title = forms.CharField(required=False, max_length=LONGEST["title"], label="Job title")
    phone = forms.CharField(
        required=False, max_length=LONGEST["phone"], widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    tags = forms.CharField(required=False, max_length=MAX_TAGS * (LONGEST_TAG + 2), help_text="Separated by commas.")
    source = forms.CharField(
        required=False,
        max_length=LONGEST_SOURCE,
        help_text="Where you have this contact from; the person may ask you for it.",
    )

    def __init__(self, data: QueryDict | None = None, lead: Lead | None = None, defined: Defined | None = None) -> None:
        self.lead = lead
        super().__init__(data, initial=initial_values(lead) if lead else {})
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput):
                field.widget.attrs.setdefault("autocomplete", "off")  # somebody else's data, not the typist's own
        self.pairs = pairs_of(lead, defined or {}) if data is None else typed_pairs(data, defined or {})

    def clean_email(self) -> str:
        try:
            return normalise_email(self.cleaned_data["email"]).email
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from error

    def clean_tags(self) -> list[str]:
        tags = [tag for tag in (tag.strip() for tag in self.cleaned_data["tags"].split(",")) if tag]
        if len(tags) > MAX_TAGS:
            raise forms.ValidationError(f"A lead has {MAX_TAGS} tags at most.")
        if long := [tag for tag in tags if len(tag) > LONGEST_TAG]:
            raise forms.ValidationError(f"A tag has {LONGEST_TAG} characters at most: {long[0][:30]}… is longer.")
        return clean_tags(tags)

    def clean_source(self) -> str:
        return self.cleaned_data["source"] or ("" if self.lead else BY_HAND)

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        values["fields"] = judge_pairs(self.pairs)
        if len(self.pairs) > MAX_CUSTOM_FIELDS:
            self.add_error(None, f"A lead has {MAX_CUSTOM_FIELDS} custom fields at most.")
        elif any(pair.error for pair in self.pairs):
            self.add_error(None, "One of the custom fields needs your attention.")
        return values


def initial_values(lead: Lead) -> dict[str, Any]:
    values = {name: getattr(lead, name) for name in ("email", *LONGEST, "source")}
    return values | {"tags": ", ".join(lead.tags)}


class ListForm(OurWords, forms.Form):
    name = forms.CharField(max_length=LONGEST_NAME)


class FieldForm(OurWords, forms.Form):
    """What a custom field holds; its name too, where it has no leads yet."""

    name = forms.CharField(max_length=LONGEST_FIELD_NAME)
    kind = forms.ChoiceField(choices=FieldKind.choices, label="Holds")
    choices = forms.CharField(
        required=False,
        label="Choices",
        max_length=MOST_CHOICES * (LONGEST_CHOICE + 2),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One in a line, in the order in which they are offered.",
    )

    def __init__(self, data: QueryDict | None, known: CustomField) -> None:
        initial = {"name": known.name, "kind": known.kind, "choices": "\n".join(known.choices)}
        super().__init__(data, initial=initial)
        if known.name:
            del self.fields["name"]

    def clean(self) -> dict[str, Any]:
        choices = self.cleaned_data.get("choices", "").splitlines()
        if self.cleaned_data.get("kind") == FieldKind.CHOICE and not any(map(str.strip, choices)):
            self.add_error("choices", "Say what can be chosen, one in a line.")
        return self.cleaned_data

    def wanted(self, known: CustomField) -> CustomField:
        """The field as it would be, not saved."""
        wanted = copy(known)
        wanted.name = known.name or clean_text(self.cleaned_data["name"], LONGEST_FIELD_NAME)
        wanted.kind = self.cleaned_data["kind"]
        lines = (clean_text(line, LONGEST_CHOICE) for line in self.cleaned_data["choices"].splitlines())
        wanted.choices = list(dict.fromkeys(filter(None, lines))) if wanted.kind == FieldKind.CHOICE else []
        return wanted
