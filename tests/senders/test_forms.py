"""What may be typed about a sender, and what is said where it may not."""

from typing import Any

import pytest
from django.http import QueryDict

from accounts.models import Organisation
from senders.forms import SenderForm, WindowForm
from senders.models import Sender
from senders.presets import presets
from senders.services import create_sender

TYPED = {
    "name": "Alice",
    "address": "alice@acme.example",
    "host": "smtp.acme.example",
    "port": "587",
    "security": "starttls",
    "username": "alice",
    "password": "hunter2",
    "daily_limit": "",
    "gap_seconds": "",
}


def errors(changes: dict[str, Any], instance: Sender | None = None) -> dict[str, str]:
    form = SenderForm(TYPED | changes, instance=instance)
    return {name: " ".join(map(str, texts)) for name, texts in form.errors.items()}


@pytest.fixture
def stored(acme: Organisation) -> Sender:
    values = TYPED | {"port": 587, "daily_limit": None, "gap_seconds": 0}
    return create_sender(acme, None, values)


def test_what_is_right_is_taken() -> None:
    form = SenderForm(TYPED | {"name": "  Alice \t of  Acme ", "host": " SMTP.Acme.Example. ", "gap_seconds": "1.5"})
    assert form.is_valid()
    assert form.cleaned_data["name"] == "Alice of Acme"
    assert form.cleaned_data["host"] == "smtp.acme.example"
    assert form.cleaned_data["daily_limit"] is None
    assert form.cleaned_data["gap_seconds"] == 1.5


@pytest.mark.parametrize(("typed", "kept"), [("", 1), ("4", 4)])
def test_connections_are_one_where_nothing_is_said(typed: str, kept: int) -> None:
    form = SenderForm(TYPED | {"connections": typed})
    assert form.is_valid()
    assert form.cleaned_data["connections"] == kept
    assert form.wants_attention() == (kept > 1)


@pytest.mark.parametrize("password", [" leading", "trailing ", " ", "pässwörd"])
def test_a_password_is_taken_as_it_was_typed(password: str) -> None:
    form = SenderForm(TYPED | {"password": password})
    assert form.is_valid()
    assert form.cleaned_data["password"] == password


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("name", "nul\0"),
        ("address", "alice"),
        ("address", "alice@acme.example, bob@acme.example"),
        ("host", ""),
        ("host", "https://smtp.acme.example"),
        ("host", "smtp.acme.example:587"),
        ("host", "alice@acme.example"),
        ("host", "two words"),
        ("host", "a..b"),
        ("host", "x" * 64 + ".example"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "smtp"),
        ("security", "ssl"),
        ("daily_limit", "0"),
        ("daily_limit", "-1"),
        ("daily_limit", "1000001"),
        ("gap_seconds", "-1"),
        ("gap_seconds", "nan"),
        ("gap_seconds", "86401"),
        ("connections", "0"),
        ("connections", "21"),
        ("password", "x" * 1001),
    ],
)
def test_what_is_wrong_is_said_at_its_field(field: str, value: str) -> None:
    assert list(errors({field: value})) == [field]


@pytest.mark.parametrize("host", ["localhost", "10.0.0.1", "2001:db8::1", "münchen.example", "smtp-1.a.example"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert not errors({"host": host})


def test_a_user_name_needs_a_password_and_the_other_way_round() -> None:
    assert errors({"password": ""}) == {"password": "Enter the password for this user name."}
    assert errors({"username": ""}) == {"username": "Enter the user name for this password."}
    assert not errors({"username": "", "password": ""})


def test_a_stored_password_need_not_be_typed_again_and_is_never_shown(stored: Sender) -> None:
    form = SenderForm(instance=stored)
    assert "A password is stored" in form["password"].help_text
    assert "value=" not in str(form["password"])
    assert not errors({"password": "", "port": "465"}, stored)


def test_a_stored_password_is_not_taken_to_another_server(stored: Sender) -> None:
    """Whoever may edit a sender could otherwise read its password at a server of their own."""
    found = errors({"password": "", "host": "mine.evil.example"}, stored)
    assert found == {"password": "The stored password is for smtp.acme.example. Enter the one for the new server."}
    assert not errors({"password": "hunter2", "host": "other.acme.example"}, stored)
    assert not errors({"password": "", "username": "", "host": "other.acme.example"}, stored)


def test_a_typed_password_does_not_come_back_with_the_errors() -> None:
    form = SenderForm(TYPED | {"host": "", "password": "hunter2"})
    assert not form.is_valid()
    assert "hunter2" not in form.as_p()


def window(**fields: Any) -> WindowForm:
    data = QueryDict(mutable=True)
    for name, value in fields.items():
        data.setlist(f"window-{name}", value if isinstance(value, list) else [value])
    return WindowForm.for_window(None, data)


def test_without_the_tick_any_time_is_meant() -> None:
    form = window(days=[], start="whatever")
    assert form.is_valid()
    assert form.window() is None


def test_with_the_tick_the_fields_are_a_window() -> None:
    form = window(limited="on", days=["0", "4"], start="09:00", end="17:30", time_zone="Europe/Berlin")
    assert form.is_valid()
    assert form.window() == {"days": [0, 4], "start": "09:00", "end": "17:30", "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("days", []), ("days", ["7"]), ("start", "9 o'clock"[:5]), ("end", ""), ("time_zone", "Mars/Olympus")],
)
def test_a_wrong_window_is_said_at_its_field(field: str, value: Any) -> None:
    right = {"limited": "on", "days": ["0"], "start": "09:00", "end": "17:00", "time_zone": "UTC"}
    form = window(**right | {field: value})
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_days_off_are_typed_and_shown_as_lines() -> None:
    right = {"limited": "on", "days": ["0"], "start": "09:00", "end": "17:00", "time_zone": "UTC"}
    form = window(**right, days_off="2026-12-24 – 2026-12-25\r\n2027-01-01")
    assert form.is_valid(), form.errors
    assert (kept := form.window() or {})["days_off"] == ["2026-12-24", "2026-12-25", "2027-01-01"]
    assert WindowForm.for_window(kept)["days_off"].value() == "2026-12-24 – 2026-12-25\n2027-01-01"
    wrong = window(**right, days_off="Christmas")
    assert list(wrong.errors) == ["days_off"]
    assert wrong["days_off"].value() == "Christmas"
    assert window(days_off="Christmas").is_valid(), "hidden, and without a meaning"


def test_a_stored_window_fills_the_fields() -> None:
    kept = {"days": [5], "start": "10:00", "end": "12:00", "time_zone": "Asia/Tokyo"}
    form = WindowForm.for_window(kept)
    assert form["limited"].value() is True
    assert form["days"].value() == [5]
    assert form["time_zone"].value() == "Asia/Tokyo"


def test_presets_fit_the_form_and_the_catcher_comes_first_in_development(settings: Any) -> None:
    settings.MAIL_CATCHER_PORT = 2525
    assert presets()[0].port == 2525
    for preset in presets():
        assert not errors({"host": preset.host, "port": str(preset.port), "security": preset.security})
    settings.MAIL_CATCHER_PORT = 0
    assert all(preset.port in {465, 587} for preset in presets())
