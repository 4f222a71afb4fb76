"""Editing under way: what was sent stays, what is to come changes, and of those who save at once only one wins."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from campaigns.editing import update_campaign
from campaigns.errors import BadValue, Conflict
from campaigns.models import Campaign
from campaigns.wording import StepContent, VariantContent, sequence_of
from tests.campaigns.sequences import World

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EDITORS = 4


def test_of_those_who_save_at_the_same_moment_one_wins_and_the_others_are_told(campaign: Campaign) -> None:
    ready = threading.Barrier(EDITORS)
    came: list[str] = []

    def save(name: str) -> None:
        mine = Campaign.objects.get(pk=campaign.pk)
        ready.wait()
        try:
            update_campaign(mine, {"name": name, "steps": [StepContent(name, name)] * 2}, version=campaign.version)
            came.append(name)
        except Conflict:
            came.append("")
        finally:
            connection.close()

    editors = [threading.Thread(target=save, args=(f"Editor {number}",)) for number in range(EDITORS)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    [winner] = filter(None, came)
    assert len(came) == EDITORS
    campaign.refresh_from_db()
    assert campaign.name == winner
    assert [step.variants[0].subject for step in sequence_of(campaign)] == [winner] * 2


def test_an_edit_half_way_changes_what_is_to_come_alone(world: World) -> None:
    world.clock.go_to(MONDAY)
    campaign = world.start([{}, {"delay_hours": 24}, {"delay_hours": 24}], leads=2)
    world.walk(MONDAY + 2 * HOUR, HOUR)
    first, second, third = sequence_of(campaign)
    edited = replace(second, variants=(VariantContent("Edited", "<p>Edited</p>"),), delay_hours=48)
    added = StepContent("Added", "<p>Added</p>", delay_hours=24)
    update_campaign(campaign, {"steps": [first, edited, added]})  # the third one goes
    world.walk(MONDAY + timedelta(days=7), 6 * HOUR)
    for arrivals in world.by_lead(campaign).values():
        subjects = [arrival.data.split(b"\r\nSubject: ")[1].split(b"\r\n")[0] for arrival in arrivals]
        assert subjects == [b"Step 1", b"Edited", b"Added"]
        assert timedelta(hours=48) <= arrivals[1].at - arrivals[0].at < timedelta(hours=55)
    assert third.id not in {step.id for step in sequence_of(campaign)}


def test_what_was_sent_neither_goes_nor_moves(world: World) -> None:
    world.clock.go_to(MONDAY)
    campaign = world.start([{}, {"delay_hours": 24}], leads=1)
    world.walk(MONDAY + HOUR, HOUR)
    first, second = sequence_of(campaign)
    for steps in ([second, first], [second], [StepContent("New", "New"), first, second]):
        with pytest.raises(BadValue, match="was sent already"):
            update_campaign(campaign, {"steps": steps})
    assert sequence_of(campaign) == [first, second]
