"""A test mail."""

from typing import Any

from django import forms

from campaigns.models import Campaign
from ecrm.forms import OurWords
from leads.addresses import BadAddress, normalise_email
from senders.models import Sender

# What `what` says for all steps.
WHOLE = "all"


class TestMailForm(OurWords, forms.Form):
    """Through which sender a test mail goes, and where to; of a sequence, whether all of it goes."""

    __test__ = False  # pytest: not a test

    sender = forms.ModelChoiceField(Sender.objects.none(), empty_label=None, label="Through")
    to = forms.CharField(
        max_length=320, label="To", widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "email"})
    )

    def __init__(self, campaign: Campaign, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"prefix": "test", **options})
        chosen = campaign.senders.order_by("pk")
        every = campaign.organisation.senders.order_by("name", "pk")
        if (steps := campaign.steps.count()) > 1:
            choices = [("", "The mail above"), (WHOLE, f"The whole sequence: {steps} mails at once")]
            self.fields["what"] = forms.ChoiceField(label="What", choices=choices, required=False)
        self.fields["sender"].queryset = chosen if chosen.exists() else every  # type: ignore[attr-defined]

    def clean_to(self) -> str:
        try:
            return normalise_email(self.cleaned_data["to"]).email
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from error

    @property
    def whole(self) -> bool:
        return self.cleaned_data.get("what") == WHOLE
