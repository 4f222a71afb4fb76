"""What may be typed about a sender; the API checks its values with the same forms."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms

from ecrm.forms import OurWords
from senders import window
from senders.addresses import normal_address
from senders.days_off import MOST_TYPED, days_in, in_lines
from senders.models import Kind, Sender
from senders.presets import CONSENT_HOSTS
from senders.services import CONNECTION
from senders.transports.smtp.hosts import HostError, ascii_host

MOST_A_DAY = 1_000_000
MOST_CONNECTIONS = 20
LONGEST_GAP = 86_400
FOLDED = (
    "reply_address", "signature", "dkim_selector", "ramp_start", "ramp_step", "ramp_ceiling",
    "connections", "bounce_limit", "complaint_limit",
)  # fmt: skip
PERCENT = "Percent of the last 200 mails; {} is usual. Empty: never."
# A DKIM selector is one or more DNS labels (RFC 6376 3.1).
SELECTOR = re.compile(
    r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*", re.IGNORECASE
)


@cache
def time_zones() -> list[tuple[str, str]]:
    """Every zone there is, as choices; reading them takes hundreds of files."""
    return [(zone, zone) for zone in sorted(available_timezones())]


def address_widget() -> forms.TextInput:
    """No `type="email"`: browsers let no address beyond ASCII pass there."""
    return forms.TextInput(
        attrs={"inputmode": "email", "autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
    )


class SenderForm(OurWords, forms.ModelForm[Sender]):
    port = forms.IntegerField(min_value=1, max_value=65535, initial=587)
    daily_limit = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_A_DAY, help_text="Mails in any 24 hours. Empty: no limit."
    )
    gap_seconds = forms.FloatField(
        required=False, min_value=0, max_value=LONGEST_GAP, label="Pause between mails", help_text="In seconds."
    )
    connections = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_CONNECTIONS,
        label="Connections at once",
        help_text="As many as the server allows. With a pause between mails it is one, whatever stands here.",
    )
    ramp_start = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_A_DAY,
        label="Mails on the first day",
        help_text="Empty: no warm-up.",
    )
    ramp_step = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_A_DAY, label="More each day", help_text="Of days on which it sends."
    )
    ramp_ceiling = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_A_DAY, label="At the most", help_text="Empty: the daily limit."
    )
    bounce_limit = forms.FloatField(
        required=False, min_value=0, max_value=100, label="Bounces above", help_text=PERCENT.format("5")
    )
    complaint_limit = forms.FloatField(
        required=False, min_value=0, max_value=100, label="Spam reports above", help_text=PERCENT.format("0.3")
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
            "reply_address",
            "signature",
            "dkim_selector",
            "daily_limit",
            "gap_seconds",
            "connections",
            "ramp_start",
            "ramp_step",
            "ramp_ceiling",
            "bounce_limit",
            "complaint_limit",
        )
        labels = {
            "host": "SMTP host",
            "username": "User name",
            "address": "Email address",
            "reply_address": "Replies to",
        }
        help_texts = {
            "address": "Campaigns are sent from this address.",
            "reply_address": "Where replies go. Empty: the address itself.",
            "signature": "Plain text, above the footer of every mail; {{ sender.signature }} places it elsewhere.",
            "dkim_selector": "Only where the check of its domain does not find the DKIM key by itself.",
        }
        widgets = {
            "address": address_widget(),
            "reply_address": address_widget(),
            "signature": forms.Textarea(attrs={"rows": 4}),
            "dkim_selector": forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
            "username": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
            "host": forms.TextInput(
                attrs={"placeholder": "smtp.example.com", "autocapitalize": "none", "spellcheck": "false"}
            ),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.kind == Kind.SMTP:
            self.fields["host"].required = True
        else:  # its provider is asked, and vouches for its address
            for name in ("address", *CONNECTION, "password", "connections"):
                del self.fields[name]
        for name in ("gap_seconds", "bounce_limit", "complaint_limit"):
            value = getattr(self.instance, name)
            self.initial[name] = "" if value is None else f"{value:g}"
        if self.instance.secret and "password" in self.fields:
            self.fields["password"].help_text = "A password is stored. Leave this empty to keep it."

    def wants_attention(self) -> bool:
        """Whether the fields that are folded away hold something that was set, or an error."""
        if any(name in self.errors for name in FOLDED):
            return True
        untouched = Sender()
        usual = {name: {"None", "", str(getattr(untouched, name))} for name in FOLDED[:-2] if name in self.fields}
        return any(str(self[name].value()) not in words for name, words in usual.items())

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_address(self) -> str:
        return normal_address(self.cleaned_data["address"])

    def clean_reply_address(self) -> str:
        return normal_address(given) if (given := self.cleaned_data["reply_address"]) else ""

    def clean_host(self) -> str:
        """The bare name; the place where people paste a URL or `host:port`."""
        host: str = self.cleaned_data["host"].strip().rstrip(".").lower()
        if not host.count(":") > 1 and any(char in host for char in "/:@ "):
            raise forms.ValidationError("Only the server's name, like smtp.example.com; the port has its own field.")
        try:
            ascii_host(host)
        except HostError as error:
            raise forms.ValidationError("This is not a server's name; it looks like smtp.example.com.") from error
        if label := CONSENT_HOSTS.get(host):
            raise forms.ValidationError(f"eCRM takes no password for {label}. Add it with “Connect {label}” instead.")
        return host

    def clean_gap_seconds(self) -> float:
        return self.cleaned_data["gap_seconds"] or 0.0

    def clean_connections(self) -> int:
        return self.cleaned_data["connections"] or 1

    def clean_dkim_selector(self) -> str:
        selector: str = self.cleaned_data["dkim_selector"].strip().rstrip(".")
        if selector and not SELECTOR.fullmatch(selector):
            raise forms.ValidationError("A selector is a part of a DNS name, like google or s1.")
        return selector

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        self.check_password(values)
        self.check_ramp(values)
        return values

    def check_ramp(self, values: dict[str, Any]) -> None:
        start, step, ceiling = (values.get(name) for name in ("ramp_start", "ramp_step", "ramp_ceiling"))
        if self.errors.keys() & {"ramp_start", "ramp_step", "ramp_ceiling"}:
            return
        if start is None and (step is not None or ceiling is not None):
            self.add_error("ramp_start", "Say with how many mails the first day starts.")
        if start is not None and step is None:
            self.add_error("ramp_step", "Say how many more each day brings.")
        if start is not None and ceiling is not None and ceiling < start:
            self.add_error("ramp_ceiling", "This is less than the first day’s mails.")

    def check_password(self, values: dict[str, Any]) -> None:
        username, password = values.get("username"), values.get("password")
        if username and not password and not self.instance.secret:
            self.add_error("password", "Enter the password for this user name.")
        if password and not username and "username" not in self.errors:
            self.add_error("username", "Enter the user name for this password.")
        if username and not password and self.instance.secret and self.leads_elsewhere(values):
            self.add_error(
                "password", f"The stored password is for {self.initial['host']}. Enter the one for the new server."
            )

    def leads_elsewhere(self, values: dict[str, Any]) -> bool:
        """A stored password goes to the server it was typed for: whoever edits a sender must not read it at their own."""
        return bool(values.get("host") and values["host"] != self.initial.get("host"))


class WindowForm(OurWords, forms.Form):
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
    lead_time_zone = forms.BooleanField(
        required=False,
        label="By each lead’s own clock",
        help_text="Where a custom field called time_zone says it, like Europe/Berlin; for the others, the zone above.",
    )

    days_off = forms.CharField(
        required=False,
        max_length=MOST_TYPED,
        label="Days off",
        help_text="One a line, like 2026-12-24, or from one to another: 2026-12-24 – 2026-12-31.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"prefix": "window", **options})
        self.fields["time_zone"].choices = time_zones()  # type: ignore[attr-defined]
        for name in window.KEYS:
            self.fields[name].required = not self.is_bound or bool(self["limited"].data)

    @classmethod
    def for_window(cls, value: dict[str, Any] | None, data: Any = None) -> "WindowForm":
        if not value:
            return cls(data)
        return cls(data, initial={"limited": True, **value, "days_off": in_lines(value.get(window.DAYS_OFF, []))})

    def clean_days_off(self) -> list[str]:
        try:
            return days_in(self.cleaned_data["days_off"])
        except window.BadWindow as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if not values.get("limited"):
            for name in (*window.KEYS, window.DAYS_OFF):
                self.errors.pop(name, None)  # these fields are hidden, and mean nothing
        elif not self.errors:
            try:
                keys = (*window.KEYS, window.FOLLOWS, window.DAYS_OFF)
                values["window"] = window.clean({key: values.get(key) for key in keys})
            except window.BadWindow as error:
                self.add_error(error.field if error.field in self.fields else None, str(error))
        return values

    def window(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.cleaned_data.get("window")
        return found
