"""Whom a campaign reaches, from whom, and what ends a lead's sequence."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation
from campaigns.editing import AUDIENCE
from campaigns.forms.choices import Choice, list_choices, segment_choices, sender_choices
from campaigns.forms.editing import EditForm
from campaigns.models import Campaign
from leads.models import LeadList, Segment
from senders.models import Sender

SWITCHES = ("grows", "skip_busy", "stop_on_click", "stop_company", "wait_for_fields")


class ReachForm(EditForm):
    """Lists and senders, which every campaign needs."""

    lists = forms.ModelMultipleChoiceField(LeadList.objects.none(), required=False)
    senders = forms.ModelMultipleChoiceField(Sender.objects.none(), required=False)
    many: tuple[str, ...] = ("lists", "senders")

    def __init__(self, organisation: Organisation, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organisation = organisation
        for name in self.many:
            self.fields[name].queryset = self.rows(name)  # type: ignore[attr-defined]

    def rows(self, name: str) -> QuerySet[Any]:
        """What a field chooses from."""
        found: QuerySet[Any] = getattr(self.organisation, name.removeprefix("excluded_")).all()
        return found

    def values(self) -> dict[str, Any]:
        """What was typed, as `editing.update_campaign` takes it."""
        return {name: list(self.cleaned_data[name]) for name in self.many}

    def chosen(self, name: str) -> set[str]:
        return {str(value) for value in self[name].value() or []}

    def list_choices(self) -> list[Choice]:
        return list_choices(self.organisation, self.chosen("lists"))

    def sender_choices(self) -> list[Choice]:
        return sender_choices(self.organisation, self.chosen("senders"))


class AudienceForm(ReachForm):
    segments = forms.ModelMultipleChoiceField(Segment.objects.none(), required=False)
    excluded_lists = forms.ModelMultipleChoiceField(LeadList.objects.none(), required=False)
    excluded_segments = forms.ModelMultipleChoiceField(Segment.objects.none(), required=False)
    grows = forms.BooleanField(
        required=False,
        label="Newcomers join",
        help_text="Who comes onto these lists or into these segments while it runs gets it too, within a minute.",
    )
    skip_busy = forms.BooleanField(
        required=False,
        label="Leave out who is in another campaign",
        help_text="Nobody who is under way in another running or paused campaign comes in.",
    )
    stop_on_click = forms.BooleanField(
        required=False,
        label="A click ends it",
        help_text="A reply, an unsubscribe, a bounce and a complaint always end a lead’s sequence.",
    )
    stop_company = forms.BooleanField(
        required=False,
        label="For the whole company",
        help_text="A reply, an unsubscribe or a complaint ends it for everyone at the same company or domain.",
    )
    wait_for_fields = forms.BooleanField(
        required=False,
        label="Leads without a merge field wait",
        help_text="Until they have it. Otherwise their mail fails, and the others are sent.",
    )
    many = ("senders", *AUDIENCE)

    @classmethod
    def of(cls, campaign: Campaign, data: Any = None) -> "AudienceForm":
        """The form for a campaign as it is stored."""
        initial: dict[str, Any] = {name: [row.pk for row in getattr(campaign, name).all()] for name in cls.many}
        initial |= {name: getattr(campaign, name) for name in (*SWITCHES, "version")}
        return cls(campaign.organisation, data, initial=initial)

    def values(self) -> dict[str, Any]:
        return super().values() | {name: self.cleaned_data[name] for name in SWITCHES}

    def choices(self) -> dict[str, list[Choice]]:
        """What the page offers, by field."""
        made = {"lists": list_choices, "segments": segment_choices}
        return {name: made[name.removeprefix("excluded_")](self.organisation, self.chosen(name)) for name in AUDIENCE}


class NewForm(ReachForm):
    """What a campaign begins with; its sequence is written next."""

    name = forms.CharField(max_length=200, help_text="Only your team sees it.")

    def values(self) -> dict[str, Any]:
        return super().values() | {"name": self.cleaned_data["name"]}
