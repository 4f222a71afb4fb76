"""A sender whose mails bounce or are complained about pauses by itself, says why, and is resumed by a person alone."""

from typing import Any

import pytest

from accounts.models import Organisation
from senders import health
from senders.errors import last_errors
from senders.health import LEAST, WINDOW, Outcomes, review, verdict
from senders.models import Sender, SenderState
from senders.services import create_sender, pause_sender, resume_sender


@pytest.fixture
def sender(acme: Organisation) -> Sender:
    return create_sender(acme, None, {"name": "A", "address": "a@acme.example", "host": "h.example"})


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (Outcomes(200, 10, 0), ""),
        (Outcomes(200, 11, 0), "11 of its last 200 mails bounced: 5.5 %, and its limit is 5 %."),
        (Outcomes(200, 0, 1), "1 of its last 200 mails was reported as spam: 0.5 %, and its limit is 0.3 %."),
        (Outcomes(200, 50, 1), "1 of its last 200 mails was reported as spam"),
        (Outcomes(LEAST - 1, LEAST - 1, LEAST - 1), ""),
        (Outcomes(LEAST, 3, 0), "3 of its last 50 mails bounced: 6.0 %"),
        (Outcomes(0, 0, 0), ""),
    ],
)
def test_the_usual_limits(outcomes: Outcomes, words: str) -> None:
    found = verdict(Sender(), outcomes)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_limits_are_the_senders_own_and_may_be_none() -> None:
    assert not verdict(Sender(bounce_limit=20, complaint_limit=20), Outcomes(100, 19, 19))
    assert not verdict(Sender(bounce_limit=None, complaint_limit=None), Outcomes(100, 100, 100))
    assert verdict(Sender(bounce_limit=0), Outcomes(100, 1, 0))


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every mail of every sender bounces; returns what was asked."""
    asked: list[Any] = []

    def outcomes(sender: int, since: Any, most: int) -> Outcomes:
        asked.append((sender, since, most))
        return Outcomes(100, 100, 0)

    monkeypatch.setattr(health, "OUTCOMES", [outcomes])
    return asked


def test_it_pauses_once_and_the_owners_are_to_be_told(sender: Sender, bad: list[Any]) -> None:
    assert review([sender.pk]) == [sender.pk]
    assert review([sender.pk]) == []
    assert bad == [(sender.pk, None, WINDOW)]
    kept = Sender.objects.get()
    assert (kept.state, kept.notice_due) == (SenderState.PAUSED, True)
    assert kept.held_at is not None
    assert "100 of its last 100 mails bounced" in kept.state_reason
    assert "Paused by itself. 100 of its last 100" in last_errors(kept)[0].reason


def test_after_a_person_resumed_it_only_later_mails_count(sender: Sender, bad: list[Any]) -> None:
    review([sender.pk])
    assert resume_sender(sender)
    kept = Sender.objects.get()
    assert (kept.state, kept.state_reason, kept.held_at, kept.notice_due) == (SenderState.ACTIVE, "", None, False)
    assert kept.health_since is not None
    review([sender.pk])
    assert bad[-1] == (sender.pk, kept.health_since, WINDOW)


def test_a_pause_by_hand_forgets_nothing(sender: Sender) -> None:
    pause_sender(sender)
    resume_sender(sender)
    assert Sender.objects.get().health_since is None


@pytest.mark.parametrize("state", [SenderState.PAUSED, SenderState.DISCONNECTED])
def test_one_that_does_not_send_is_left_alone(sender: Sender, bad: list[Any], state: SenderState) -> None:
    Sender.objects.update(state=state, state_reason="Why")
    assert review([sender.pk]) == []
    assert Sender.objects.get().state_reason == "Why"


def test_nobody_else_is_paused(sender: Sender, acme: Organisation, bad: list[Any]) -> None:
    other = create_sender(acme, None, {"name": "B", "address": "b@acme.example", "host": "h.example"})
    review([other.pk])
    sender.refresh_from_db()
    assert sender.state == SenderState.ACTIVE
