"""What a mail says: the fields of the include `campaigns/_wording.html`."""

from django import forms

from accounts.models import Organisation
from campaigns.preflight import FIELDS, field_problems
from campaigns.rendering.limits import MAX_SOURCE
from ecrm.forms import OurWords


class BodyForm(OurWords, forms.Form):
    """A mail's HTML and its plain text."""

    body_html = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_SOURCE,
        label="HTML",
        widget=forms.Textarea(attrs={"class": "code", "rows": 14, "spellcheck": "true", "data-merge": ""}),
    )
    body_text = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_SOURCE,
        label="Plain text",
        help_text="Left empty, it is made from the HTML.",
        widget=forms.Textarea(attrs={"class": "code short", "rows": 5, "data-merge": ""}),
    )

    @property
    def written(self) -> bool:
        return any(self[name].value() for name, _, _ in FIELDS if name in self.fields)

    def note_template_problems(self, organisation: Organisation) -> bool:
        """Put what is wrong with the templates at their fields; whether there was anything."""
        for name, _, _ in FIELDS:
            for problem in field_problems(organisation, name, self.cleaned_data.get(name, "")):
                self.errors.setdefault(name, self.error_class()).append(problem)
        return bool(self.errors)


class WordingForm(BodyForm):
    """A whole mail."""

    subject = forms.CharField(required=False, max_length=500, widget=forms.TextInput(attrs={"data-merge": ""}))
