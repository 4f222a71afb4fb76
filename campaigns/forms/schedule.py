"""How much and when, and what is counted; the hours are a form of their own (`senders.forms.WindowForm`)."""

from typing import Any

from django import forms

from campaigns.forms.editing import EditForm
from campaigns.models import Campaign, Priority

SETTINGS = ("track_opens", "track_clicks", "daily_cap", "daily_new", "priority", "hand_over")


class ScheduleForm(EditForm):
    daily_cap = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        label="Mails a day",
        help_text="Of this campaign, whoever sends them; empty: as many as the senders may.",
    )
    daily_new = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        label="New leads a day",
        help_text="So that follow-ups always have room: who got the first mail gets the next ones in time.",
    )
    priority = forms.TypedChoiceField(
        coerce=int,
        choices=Priority.choices,
        label="Priority",
        help_text="Where campaigns share a sender, the higher one’s mails go first.",
    )
    hand_over = forms.BooleanField(
        required=False,
        label="Others take over",
        help_text="New leads of a sender that drops out go to the others. Who has had a mail waits for their mailbox.",
    )
    track_opens = forms.BooleanField(
        required=False, label="Count opens", help_text="A tiny image tells that the mail was shown."
    )
    track_clicks = forms.BooleanField(
        required=False, label="Count clicks", help_text="Links lead through this site first."
    )

    @classmethod
    def of(cls, campaign: Campaign, data: Any = None) -> "ScheduleForm":
        """The form for a campaign as it is stored."""
        return cls(data, initial={name: getattr(campaign, name) for name in (*SETTINGS, "version")})

    def values(self) -> dict[str, Any]:
        """What was typed, as `editing.update_campaign` takes it."""
        return {name: self.cleaned_data[name] for name in SETTINGS}
