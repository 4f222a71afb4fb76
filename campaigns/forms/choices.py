"""Checkboxes of an organisation's lists and senders, with what to know of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Organisation
from ecrm.text import counted
from leads.lists import with_counts
from senders.models import Sender, SenderState

# How many senders and lists are offered; those that are chosen are always among them.
MOST_CHOICES = 500


@dataclass(frozen=True)
class Choice:
    """A checkbox: its value, what stands beside it, and whether it is ticked."""

    value: int
    label: str
    note: str
    state: str
    checked: bool


def list_choices(organisation: Organisation, chosen: set[str]) -> list[Choice]:
    """The organisation's lists by name, with how many leads each has."""
    lists = shown(with_counts(organisation.lists.order_by("name")), chosen)
    return [Choice(found.pk, found.name, counted(found.size, "lead"), "", str(found.pk) in chosen) for found in lists]


def segment_choices(organisation: Organisation, chosen: set[str]) -> list[Choice]:
    """The organisation's segments by name."""
    segments = shown(organisation.segments.order_by("name"), chosen)
    return [Choice(found.pk, found.name, "", "", str(found.pk) in chosen) for found in segments]


def sender_choices(organisation: Organisation, chosen: set[str]) -> list[Choice]:
    return [
        Choice(
            found.pk,
            found.name,
            f"{found.address}{checked_in_words(found)}",
            "" if found.state == SenderState.ACTIVE else found.state,
            str(found.pk) in chosen,
        )
        for found in shown(organisation.senders.order_by("name", "address"), chosen)
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
