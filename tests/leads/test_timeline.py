"""What happened with a lead, from every source, newest first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation
from leads import timeline
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress
from leads.timeline import MOST_ENTRIES, Entry


def test_a_lead_began_somewhere_and_may_have_been_suppressed(acme: Organisation, grace: Lead) -> None:
    suppress(acme, grace.email, SuppressionReason.BOUNCED, "")
    entries = timeline.timeline(grace)
    assert [entry.kind for entry in entries] == ["bounced", "added"]
    assert entries[1].text == "Became a lead: A conference"


def test_sources_are_merged_newest_first_up_to_a_limit(grace: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    older = [Entry(now - timedelta(days=number + 1), f"sent {number}") for number in range(MOST_ENTRIES)]
    monkeypatch.setattr(timeline, "SOURCES", [*timeline.SOURCES, lambda lead: reversed(older)])
    entries = timeline.timeline(grace)
    assert len(entries) == MOST_ENTRIES
    assert entries[0].text == "Became a lead: A conference"
    assert entries[1:] == older[: MOST_ENTRIES - 1]
