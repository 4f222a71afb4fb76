"""What is asked about the suppression list."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from ecrm.forms import OurWords
from leads.importing.forms import too_large
from leads.models import SuppressionReason
from leads.suppressing.listing import REASONS
from leads.suppressing.typed import MOST_AT_ONCE, entries_in

LONGEST_TEXT = 1_000_000
WHY = [(reason.value, REASONS[reason]) for reason in SuppressionReason if reason != SuppressionReason.ERASED]


class AddForm(OurWords, forms.Form):
    """Cleans to a list of entries as they were typed."""

    entries = forms.CharField(
        label="Addresses and domains",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(
            attrs={"rows": 8, "autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
        ),
        help_text="One in a line: name@example.com, or example.com for everybody there and at its subdomains.",
    )
    reason = forms.ChoiceField(
        choices=WHY,
        initial=SuppressionReason.MANUAL,
        help_text="An address that complained is never taken off the list again.",
    )

    def clean_entries(self) -> list[str]:
        entries = entries_in(self.cleaned_data["entries"])
        if len(entries) > MOST_AT_ONCE:
            raise forms.ValidationError(
                f"These are {len(entries):,}. Up to {MOST_AT_ONCE:,} go at once; import a file."
            )
        if not entries:
            raise forms.ValidationError("Please fill this in.")
        return entries


class FileForm(OurWords, forms.Form):
    file = forms.FileField(
        allow_empty_file=True,  # a better sentence about it comes from `importing.formats.kinds`
        error_messages={"required": "Choose a file."},
        help_text="A CSV file or a workbook with a column of addresses or domains; a column called Reason is read too.",
    )
    reason = forms.ChoiceField(
        choices=WHY, initial=SuppressionReason.MANUAL, label="Reason", help_text="For rows that say none."
    )

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.IMPORT_MAX_BYTES:
            raise forms.ValidationError(too_large())
        return file
