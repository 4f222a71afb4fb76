"""Whom a campaign reaches, and from whom."""

from typing import Any

from django import forms

from accounts.models import Organisation
from campaigns.forms.choices import Choice, list_choices, sender_choices
from campaigns.forms.editing import EditForm
from campaigns.models import Campaign
from leads.models import LeadList
from senders.models import Sender


class AudienceForm(EditForm):
    lists = forms.ModelMultipleChoiceField(LeadList.objects.none(), required=False)
    senders = forms.ModelMultipleChoiceField(Sender.objects.none(), required=False)

    def __init__(self, organisation: Organisation, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organisation = organisation
        self.fields["lists"].queryset = organisation.lists.all()  # type: ignore[attr-defined]
        self.fields["senders"].queryset = organisation.senders.all()  # type: ignore[attr-defined]

    @classmethod
    def of(cls, campaign: Campaign, data: Any = None) -> "AudienceForm":
        """The form for a campaign as it is stored."""
        initial: dict[str, Any] = {
            name: [chosen.pk for chosen in getattr(campaign, name).all()] for name in ("lists", "senders")
        }
        return cls(campaign.organisation, data, initial=initial | {"version": campaign.version})

    def values(self) -> dict[str, Any]:
        """What was typed, as `editing.update_campaign` takes it."""
        return {name: list(self.cleaned_data[name]) for name in ("lists", "senders")}

    def chosen(self, name: str) -> set[str]:
        return {str(value) for value in self[name].value() or []}

    def list_choices(self) -> list[Choice]:
        return list_choices(self.organisation, self.chosen("lists"))

    def sender_choices(self) -> list[Choice]:
        return sender_choices(self.organisation, self.chosen("senders"))


class NewForm(AudienceForm):
    """What a campaign begins with; its sequence is written next."""

    name = forms.CharField(max_length=200, help_text="Only your team sees it.")

    def values(self) -> dict[str, Any]:
        return super().values() | {"name": self.cleaned_data["name"]}
