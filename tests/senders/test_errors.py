"""The last errors of a sender: each once where it repeats, and the last few only."""

import pytest

from accounts.models import Organisation
from senders.errors import KEPT, last_errors, note_error
from senders.models import Sender, SendingError
from senders.services import create_sender


@pytest.fixture
def sender(acme: Organisation) -> Sender:
    return create_sender(acme, None, {"name": "A", "address": "a@acme.example", "host": "h.example"})


def test_what_repeats_is_counted(sender: Sender) -> None:
    for reason in ("450 Later", "450 Later", "421 Slow down", "450 Later"):
        note_error(sender.pk, reason)
    assert [(error.reason, error.times) for error in last_errors(sender)] == [
        ("450 Later", 1),
        ("421 Slow down", 1),
        ("450 Later", 2),
    ]
    assert {error.organisation_id for error in last_errors(sender)} == {sender.organisation_id}


def test_the_last_few_are_kept(sender: Sender) -> None:
    for number in range(KEPT + 5):
        note_error(sender.pk, f"error {number}")
    found = last_errors(sender)
    assert SendingError.objects.count() == KEPT == len(found)
    assert (found[0].reason, found[-1].reason) == (f"error {KEPT + 4}", "error 5")


def test_another_senders_errors_are_its_own(sender: Sender, acme: Organisation) -> None:
    other = create_sender(acme, None, {"name": "B", "address": "b@acme.example", "host": "h.example"})
    note_error(sender.pk, "450 Later")
    note_error(other.pk, "450 Later")
    assert [error.times for error in last_errors(other)] == [1]


def test_long_words_are_cut_and_none_are_nothing(sender: Sender) -> None:
    note_error(sender.pk, "x" * 600 + "\0")
    note_error(sender.pk, "")
    note_error(0, "nobody's")
    assert [len(error.reason) for error in last_errors(sender)] == [500]
    assert SendingError.objects.count() == 1
