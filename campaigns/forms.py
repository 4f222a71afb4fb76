"""What may be typed about a campaign. A draft may be incomplete: what is missing is the preflight's to say."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation
from campaigns.models import Campaign, Variant
from campaigns.preflight import FIELDS, field_problems
from campaigns.rendering.limits import MAX_SOURCE
from campaigns.wording import StepContent
from ecrm.forms import OurWords
from ecrm.text import counted
from leads.addresses import BadAddress, normalise_email
from leads.lists import with_counts
from leads.models import LeadList
from senders.models import Sender, SenderState

# How many senders and lists an editor offers; those that are chosen are always among them.
MOST_CHOICES = 500


@dataclass(frozen=True)
class Choice:
    """A checkbox: its value, what stands beside it, and whether it is ticked."""

    value: int
    label: str
    note: str
    state: str
    checked: bool


class CampaignForm(OurWords, forms.Form):
    """A campaign of one step. Its sending hours are a form of their own (`senders.forms.WindowForm`)."""

    name = forms.CharField(max_length=200, help_text="Only your team sees it.")
    lists = forms.ModelMultipleChoiceField(LeadList.objects.none(), required=False)
    senders = forms.ModelMultipleChoiceField(Sender.objects.none(), required=False)
    subject = forms.CharField(required=False, max_length=500)
    body_html = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_SOURCE,
        label="HTML",
        widget=forms.Textarea(attrs={"class": "code", "rows": 16, "spellcheck": "true"}),
    )
    body_text = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_SOURCE,
        label="Plain text",
        help_text="Left empty, it is made from the HTML.",
        widget=forms.Textarea(attrs={"class": "code short", "rows": 6}),
    )
    track_opens = forms.BooleanField(
        required=False, initial=True, label="Count opens", help_text="A tiny image tells that the mail was shown."
    )
    track_clicks = forms.BooleanField(
        required=False, initial=True, label="Count clicks", help_text="Links lead through this site first."
    )

    def __init__(self, organisation: Organisation, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organisation = organisation
        self.fields["lists"].queryset = organisation.lists.all()  # type: ignore[attr-defined]
        self.fields["senders"].queryset = organisation.senders.all()  # type: ignore[attr-defined]

    @classmethod
    def of(cls, campaign: Campaign, data: Any = None) -> "CampaignForm":
        """The form for a draft as it is stored."""
        variant = Variant.objects.filter(step__campaign=campaign).order_by("step__position", "name").first()
        content = {name: getattr(variant, name) for name, _, _ in FIELDS} if variant else {}
        initial = {
            "name": campaign.name,
            "lists": [chosen.pk for chosen in campaign.lists.all()],
            "senders": [chosen.pk for chosen in campaign.senders.all()],
            "track_opens": campaign.track_opens,
            "track_clicks": campaign.track_clicks,
        }
        return cls(campaign.organisation, data, initial=initial | content)

    def values(self) -> dict[str, Any]:
        """What was typed, as `services.update_campaign` takes it."""
        cleaned = self.cleaned_data
        step = StepContent(cleaned["subject"], cleaned["body_html"], cleaned["body_text"])
        kept = {name: cleaned[name] for name in ("name", "track_opens", "track_clicks")}
        return kept | {"steps": [step], "lists": list(cleaned["lists"]), "senders": list(cleaned["senders"])}

    def note_template_problems(self, campaign: Campaign) -> bool:
        """Put what is wrong with the saved templates at their fields; whether there was anything."""
        for name, _, html in FIELDS:
            for problem in field_problems(campaign, self.cleaned_data[name], html=html):
                self.errors.setdefault(name, self.error_class()).append(problem)
        return bool(self.errors)

    def chosen(self, name: str) -> set[str]:
        return {str(value) for value in self[name].value() or []}

    def list_choices(self) -> list[Choice]:
        """The organisation's lists by name, with how many leads each has."""
        chosen = self.chosen("lists")
        lists = shown(with_counts(self.organisation.lists.order_by("name")), chosen)
        return [
            Choice(found.pk, found.name, counted(found.size, "lead"), "", str(found.pk) in chosen) for found in lists
        ]

    def sender_choices(self) -> list[Choice]:
        chosen = self.chosen("senders")
        senders = shown(self.organisation.senders.order_by("name", "address"), chosen)
        return [
            Choice(
                found.pk,
                found.name,
                f"{found.address}{checked_in_words(found)}",
                "" if found.state == SenderState.ACTIVE else found.state,
                str(found.pk) in chosen,
            )
            for found in senders
        ]


def shown(rows: QuerySet[Any], chosen: Iterable[str]) -> list[Any]:
    """The first rows, and behind them the chosen ones that are not among them."""
    first = list(rows[:MOST_CHOICES])
    have = {str(row.pk) for row in first}
    others = [pk for pk in chosen if pk.isdecimal() and len(pk) < 19 and pk not in have]
    return first + list(rows.filter(pk__in=others[:MOST_CHOICES])) if others else first


def checked_in_words(sender: Sender) -> str:
    """What to know of a sender's connection before it is chosen; empty where it works."""
    if sender.check_failed:
        return " · the last check failed"
    return " · not checked yet" if sender.is_untried else ""


class TestMailForm(OurWords, forms.Form):
    """Through which sender a test mail goes, and where to."""

    __test__ = False  # pytest: not a test

    sender = forms.ModelChoiceField(Sender.objects.none(), empty_label=None, label="Through")
    to = forms.CharField(
        max_length=320, label="To", widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "email"})
    )

    def __init__(self, campaign: Campaign, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"prefix": "test", **options})
        chosen = campaign.senders.order_by("pk")
        every = campaign.organisation.senders.order_by("name", "pk")
        self.fields["sender"].queryset = chosen if chosen.exists() else every  # type: ignore[attr-defined]

    def clean_to(self) -> str:
        try:
            return normalise_email(self.cleaned_data["to"]).email
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from error
