"""Snippets and templates."""

from typing import Any

from django import forms

from campaigns.forms.wording import BodiesForm, WordingForm
from campaigns.models import MailTemplate, Snippet


class SnippetForm(BodiesForm):
    name = forms.RegexField(
        r"\A[a-z0-9][a-z0-9_-]*\Z",
        max_length=60,
        help_text="Small letters, digits and hyphens: mails take it in by this name.",
        error_messages={"invalid": "Write small letters, digits and hyphens only, as in signature-long."},
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    @staticmethod
    def values_of(snippet: Snippet) -> dict[str, Any]:
        return {name: getattr(snippet, name) for name in ("name", "body_html", "body_text")}


class TemplateForm(WordingForm):
    name = forms.CharField(max_length=100, help_text="Only your team sees it.")

    @staticmethod
    def values_of(template: MailTemplate) -> dict[str, Any]:
        values = {name: getattr(template, name) for name in ("name", "subject", "body_html", "body_text")}
        return values | {"files": " ".join(map(str, template.files))}
