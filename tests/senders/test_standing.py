"""How a sender stands: used against its cap, the ramp-up, and when the next mail goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from senders import services, standing
from senders.models import Sender
from senders.standing import Standing, cap_of, standing_of


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the app above would say; tests change it."""
    said: dict[str, Any] = {"used": 0, "days": 0, "room": None}
    monkeypatch.setattr(services, "USAGE", [lambda senders: dict.fromkeys(senders, said["used"])])
    monkeypatch.setattr(standing, "SENDING_DAYS", [lambda senders: {sender.pk: said["days"] for sender in senders}])
    monkeypatch.setattr(standing, "ROOM", [lambda sender, cap: said["room"]])
    return said


def stand(**values: Any) -> Standing:
    return standing_of(Sender(pk=1, address="alice@acme.example", next_slot_at=timezone.now(), **values))


def test_without_a_limit_it_is_never_full(hooks: dict[str, Any]) -> None:
    hooks["used"] = 1_000_000
    found = stand()
    assert (found.cap, found.is_full, found.is_ready, found.limit_in_words) == (None, False, True, "no limit")


def test_at_its_cap_it_goes_on_when_there_is_room(hooks: dict[str, Any]) -> None:
    hooks |= {"used": 5, "room": timezone.now() + timedelta(hours=3)}
    found = stand(daily_limit=5)
    assert (found.is_full, found.is_ready, found.waits_for_room) == (True, False, False)
    assert found.next_at == hooks["room"]
    assert found.use_in_words == "5 of 5 mails in the last 24 hours"
    hooks["room"] = None
    assert stand(daily_limit=5).waits_for_room


def test_room_outside_its_hours_waits_for_them(hooks: dict[str, Any]) -> None:
    hooks |= {"used": 5, "room": datetime(2100, 1, 2, 12, tzinfo=UTC)}  # a Saturday
    monday = {"days": [0], "start": "09:00", "end": "17:00", "time_zone": "UTC"}
    assert stand(daily_limit=5, window=monday).next_at == datetime(2100, 1, 4, 9, tzinfo=UTC)


def test_a_ramp_up_tells_where_it_stands(hooks: dict[str, Any]) -> None:
    hooks["days"] = 2
    ramp = {"ramp_start": 10, "ramp_step": 5, "ramp_started_at": timezone.now(), "daily_limit": 33}
    found = stand(**ramp)
    assert (found.cap, found.full_limit, found.is_ramping, found.ramp_days_left) == (20, 33, True, 3)
    hooks["days"] = 9
    found = stand(**ramp)
    assert (found.cap, found.is_ramping, found.ramp_days_left) == (33, False, 0)


def test_days_are_asked_for_where_there_is_a_ramp_up(hooks: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "SENDING_DAYS", [])
    assert cap_of(Sender(pk=1, address="a@acme.example", daily_limit=7)) == 7
    started = {"ramp_start": 3, "ramp_step": 1, "ramp_started_at": timezone.now()}
    assert cap_of(Sender(pk=1, address="a@acme.example", **started)) == 3


@pytest.mark.parametrize("state", ["paused", "disconnected"])
def test_one_that_rests_has_no_next_mail(hooks: dict[str, Any], state: str) -> None:
    assert stand(state=state).next_at is None
