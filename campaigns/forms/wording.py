"""What a mail says: the fields that every form with a wording has (`campaigns/_wording.html`)."""

from collections.abc import Sequence

from django import forms

from campaigns.forms import typed
from campaigns.models import MailFile
from campaigns.rendering.limits import MAX_SOURCE
from ecrm.forms import OurWords

MOST_ID = 2**63 - 1


class BodiesForm(OurWords, forms.Form):
    """HTML and plain text."""

    body_html = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_SOURCE,
        label="HTML",
        widget=forms.Textarea(
            attrs={"class": "code", "rows": 14, "spellcheck": "true", "data-merge": "", "data-html": ""}
        ),
    )
    body_text = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_SOURCE,
        label="Plain text",
        help_text="Left empty, it is made from the HTML.",
        widget=forms.Textarea(attrs={"class": "code short", "rows": 5, "data-merge": "", "data-text": ""}),
    )


class WordingForm(BodiesForm):
    """A whole mail: subject, bodies, attachments."""

    subject = forms.CharField(required=False, max_length=500, widget=forms.TextInput(attrs={"data-merge": ""}))
    # Not what Django calls so: a wording's files were uploaded before, and stand here as their ids.
    files = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput(attrs={"data-files": ""}))  # type: ignore[assignment]
    attached: Sequence[MailFile] = ()

    def clean_files(self) -> tuple[int, ...]:
        return tuple(self.file_ids())

    def file_ids(self) -> list[int]:
        """The attached files, also where something else is wrong."""
        return [pk for text in str(self["files"].value() or "").split() if (pk := typed.number(text, MOST_ID))]
