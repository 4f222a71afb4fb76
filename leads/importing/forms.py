"""What is asked with an upload."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from ecrm.forms import OurWords
from leads.importing.formats.archives import CONTACTS, MOST_FILES
from leads.lists import LONGEST_NAME

ON_DUPLICATE = {
    "update": "Update them with what the file says",
    "skip": "Leave them as they are",
}
MULTIPART_BYTES = 64 << 10  # of a request, beside its file


def largest() -> str:
    """As much as an upload may have, without the decimal of a round number."""
    return filesizeformat(settings.IMPORT_MAX_BYTES).replace(".0", "")


def too_large() -> str:
    return f"The upload is larger than {largest()}. Split it."


def is_too_large(request: HttpRequest) -> bool:
    """Whether a request announces more than an import may have; asked before anything of it is read."""
    length = request.headers.get("Content-Length", "")
    return length.isdecimal() and int(length) > settings.IMPORT_MAX_BYTES + MULTIPART_BYTES


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several; cleans to a list of them."""

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        given = data if isinstance(data, list) else [data]
        files = [super(FilesField, self).clean(one, initial) for one in given or [None]]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"These are {len(files)} files. Choose {MOST_FILES} at most.")
        if sum(file.size or 0 for file in files) > settings.IMPORT_MAX_BYTES:
            raise forms.ValidationError(too_large())
        return files


class UploadForm(OurWords, forms.Form):
    file = FilesField(
        label="Files",
        widget=SeveralFiles,
        allow_empty_file=True,  # a better sentence about it comes from `formats.kinds`
        error_messages={"required": "Choose a file."},
    )
    list_name = forms.CharField(
        label="List",
        required=False,
        max_length=LONGEST_NAME,
        help_text="Everyone in the file is put on it. A new name makes a new list.",
        widget=forms.TextInput(attrs={"list": "lists", "autocomplete": "off"}),
    )
    on_duplicate = forms.ChoiceField(
        label="People who are leads already",
        choices=list(ON_DUPLICATE.items()),
        help_text="An update adds and replaces; what the file leaves empty stays as it is.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["file"].help_text = (
            "CSV, Excel, OpenDocument or vCard files, packed with ZIP or gzip if you like: "
            f"up to {MOST_FILES} at once, {largest()} together."
        )
        self.fields["file"].widget.attrs |= {
            "accept": ",".join([*sorted(CONTACTS), ".zip", ".gz", "text/csv", "text/plain", "text/vcard"]),
            "data-max-bytes": settings.IMPORT_MAX_BYTES,
            "data-too-large": too_large(),
        }
