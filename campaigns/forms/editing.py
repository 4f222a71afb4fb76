"""What every form that changes a campaign carries along."""

from django import forms

from ecrm.forms import OurWords


class EditForm(OurWords, forms.Form):
    """A form about a campaign that is stored already."""

    # The version that the person has before them (`Campaign.version`); `anyway`: the one whose changes they may undo.
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    anyway = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def read_version(self) -> int | None:
        """The version that a save builds on; None: whichever is stored."""
        anyway: int | None = self.cleaned_data["anyway"]
        version: int | None = self.cleaned_data["version"]
        return version if anyway is None else anyway
