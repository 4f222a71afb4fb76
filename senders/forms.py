"""What may be typed about a sender; the API checks its values with the same forms."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms

from senders import window
from senders.models import Sender
from senders.transports.smtp.hosts import HostError, ascii_host

MOST_A_DAY = 1_000_000
LONGEST_GAP = 86_400


@cache
def time_zones() -> list[tuple[str, str]]:
    """Every zone there is, as choices; reading them takes hundreds of files."""
    return [(zone, zone) for zone in sorted(available_timezones())]


class SenderForm(forms.ModelForm[Sender]):
    port = forms.IntegerField(min_value=1, max_value=65535, initial=587)
    daily_limit = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_A_DAY, help_text="Mails in any 24 hours. Empty: no limit."
    )
    gap_seconds = forms.FloatField(
        required=False, min_value=0, max_value=LONGEST_GAP, label="Pause between mails", help_text="In seconds."
    )
    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Sender
        fields = (
            "name",
            "address",
            "host",
            "port",
            "security",
            "username",
            "password",
            "daily_limit",
            "gap_seconds",
        )
        labels = {"host": "SMTP host", "username": "User name", "address": "Email address"}
        help_texts = {"address": "Campaigns are sent from this address."}
        widgets = {
            "username": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
            "host": forms.TextInput(
                attrs={"placeholder": "smtp.example.com", "autocapitalize": "none", "spellcheck": "false"}
            ),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["host"].required = True
        self.initial["gap_seconds"] = f"{self.instance.gap_seconds:g}"
        if self.instance.secret:
            self.fields["password"].help_text = "A password is stored. Leave this empty to keep it."

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_host(self) -> str:
        """The bare name; the place where people paste a URL or `host:port`."""
        host: str = self.cleaned_data["host"].strip().rstrip(".").lower()
        if not host.count(":") > 1 and any(char in host for char in "/:@ "):
            raise forms.ValidationError("Only the server's name, like smtp.example.com; the port has its own field.")
        try:
            ascii_host(host)
        except HostError as error:
            raise forms.ValidationError("This is not a server's name; it looks like smtp.example.com.") from error
        return host

    def clean_gap_seconds(self) -> float:
        return self.cleaned_data["gap_seconds"] or 0.0

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        username, password = values.get("username"), values.get("password")
        if username and not password and not self.instance.secret:
            self.add_error("password", "Enter the password for this user name.")
        if password and not username and "username" not in self.errors:
            self.add_error("username", "Enter the user name for this password.")
        if username and not password and self.instance.secret and self.leads_elsewhere(values):
            self.add_error(
                "password", f"The stored password is for {self.initial['host']}. Enter the one for the new server."
            )
        return values

    def leads_elsewhere(self, values: dict[str, Any]) -> bool:
        """A stored password goes to the server it was typed for: whoever edits a sender must not read it at their own."""
        return bool(values.get("host") and values["host"] != self.initial.get("host"))


class WindowForm(forms.Form):
    """Sending hours as fields; `window()` is what `senders.window` understands."""

    use_required_attribute = False  # a browser would ask for them while they are hidden

    limited = forms.BooleanField(required=False, label="Send only at certain hours")
    days = forms.TypedMultipleChoiceField(
        coerce=int,
        choices=list(enumerate(window.DAYS)),
        widget=forms.CheckboxSelectMultiple,
        initial=[0, 1, 2, 3, 4],
        error_messages={"required": "Choose one day at least."},
    )
    start = forms.CharField(label="From", initial="09:00", max_length=5, widget=forms.TextInput(attrs={"type": "time"}))
    end = forms.CharField(label="Until", initial="17:00", max_length=5, widget=forms.TextInput(attrs={"type": "time"}))
    time_zone = forms.ChoiceField(initial="UTC")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"prefix": "window", **options})
        self.fields["time_zone"].choices = time_zones()  # type: ignore[attr-defined]
        for name in window.KEYS:
            self.fields[name].required = not self.is_bound or bool(self["limited"].data)

    @classmethod
    def for_window(cls, value: dict[str, Any] | None, data: Any = None) -> "WindowForm":
        return cls(data, initial={"limited": True, **value} if value else {})

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if not values.get("limited"):
            for name in window.KEYS:
                self.errors.pop(name, None)  # these fields are hidden, and mean nothing
        elif not self.errors:
            try:
                values["window"] = window.clean({key: values.get(key) for key in window.KEYS})
            except window.BadWindow as error:
                self.add_error(error.field if error.field in self.fields else None, str(error))
        return values

    def window(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.cleaned_data.get("window")
        return found
