"""What is counted; the hours are a form of their own (`senders.forms.WindowForm`)."""

from typing import Any

from django import forms

from campaigns.forms.editing import EditForm
from campaigns.models import Campaign


class ScheduleForm(EditForm):
    track_opens = forms.BooleanField(
        required=False, label="Count opens", help_text="A tiny image tells that the mail was shown."
    )
    track_clicks = forms.BooleanField(
        required=False, label="Count clicks", help_text="Links lead through this site first."
    )

    @classmethod
    def of(cls, campaign: Campaign, data: Any = None) -> "ScheduleForm":
        """The form for a campaign as it is stored."""
        return cls(data, initial={name: getattr(campaign, name) for name in ("track_opens", "track_clicks", "version")})

    def values(self) -> dict[str, Any]:
        """What was typed, as `editing.update_campaign` takes it."""
        return {name: self.cleaned_data[name] for name in ("track_opens", "track_clicks")}
