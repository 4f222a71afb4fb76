"""Snippets and templates as forms."""

from typing import Any

from django import forms

from accounts.models import Organisation
from campaigns.forms.wording import BodyForm, WordingForm
from campaigns.rendering.snippets import names_in

SNIPPET_NAME = "Letters, digits, hyphens and underscores: signature-long."


class SnippetForm(BodyForm):
    """A piece of wording; it takes in no other."""

    name = forms.SlugField(max_length=60, help_text=SNIPPET_NAME, error_messages={"invalid": SNIPPET_NAME})

    def __init__(self, organisation: Organisation, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organisation = organisation

    def clean(self) -> dict[str, Any]:
        values = plain_lines(self.cleaned_data)
        if not self.errors and not self.written:
            self.add_error("body_html", "Write its HTML or its plain text.")
        for name in ("body_html", "body_text"):
            if names_in(values.get(name, "")):
                self.add_error(name, "A snippet cannot take in another.")
        if not self.errors:
            self.note_template_problems(self.organisation)
        return values


class TemplateForm(WordingForm):
    """A whole mail to begin with."""

    name = forms.CharField(max_length=100, help_text="Only your team sees it.")

    def __init__(self, organisation: Organisation, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organisation = organisation

    def clean(self) -> dict[str, Any]:
        values = plain_lines(self.cleaned_data)
        if not self.errors and not self.written:
            self.add_error("body_html", "Write its subject, its HTML or its plain text.")
        if not self.errors:
            self.note_template_problems(self.organisation)
        return values


def plain_lines(values: dict[str, Any]) -> dict[str, Any]:
    """The same with lines that end as most text's do; browsers send others."""
    return {name: value.replace("\r\n", "\n") for name, value in values.items()}
