"""A campaign of 100,000 leads, planned while people pause and resume it: everyone once, and nothing while it rests."""

import threading
import time

import pytest
from django.db import connection

from campaigns import engine
from campaigns.models import Campaign, CampaignState, Enrollment, Message
from campaigns.services import pause_campaign, resume_campaign, start_campaign
from ecrm.database import tell_planner
from leads.lists import named_list
from leads.models import Lead, ListEntry
from tests.campaigns.launching import Launcher

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 100_000
# Straight into the tables, since only their number matters here.
MANY = """
WITH made AS (
    INSERT INTO leads_lead (organisation_id, email, email_key, digest, first_name, last_name, company, title, phone,
        fields, tags, flags, source, created_at, updated_at)
    SELECT %(organisation)s, number || '@many.example', number || '@many.example', sha256(number::text::bytea),
        '', '', '', '', '', '{}', '{}', '{}', '', now(), now()
    FROM generate_series(1, %(count)s) number RETURNING id)
INSERT INTO leads_listentry (lead_list_id, lead_id, organisation_id) SELECT %(list)s, id, %(organisation)s FROM made
"""


@pytest.fixture
def campaign(launcher: Launcher) -> Campaign:
    """Ready to start, with two senders."""
    many = named_list(launcher.acme, "Many")
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"organisation": launcher.acme.pk, "count": LEADS, "list": many.pk})
    tell_planner(LEADS, Lead, ListEntry)  # as an import does
    return launcher.draft(lists=[many], senders=[launcher.sender("one"), launcher.sender("two")])


def planned(campaign: Campaign) -> int:
    return Message.objects.filter(campaign=campaign).count()


def test_it_is_planned_paused_and_resumed_at_any_moment(launcher: Launcher, campaign: Campaign) -> None:
    start_campaign(campaign, launcher.alice)
    assert Enrollment.objects.filter(campaign=campaign).count() == LEADS
    done = threading.Event()

    def ticks() -> None:
        while not done.is_set():
            engine.plan()
        connection.close()

    ticking = [threading.Thread(target=ticks) for _ in range(2)]
    for thread in ticking:
        thread.start()
    try:
        play(campaign)
    finally:
        done.set()
        for thread in ticking:
            thread.join()
    assert planned(campaign) == LEADS
    assert Message.objects.filter(campaign=campaign).values("enrollment").distinct().count() == LEADS
    assert not Enrollment.objects.filter(campaign=campaign, due_at__isnull=False).exists()


def play(campaign: Campaign) -> None:
    """Pause and resume it until everyone is planned; while it rests, nobody is."""
    deadline = time.monotonic() + 90
    while planned(campaign) < LEADS:
        assert time.monotonic() < deadline, "it is not planned to the end"
        pause_campaign(campaign)
        engine.plan()  # whoever was at it when it was paused has its rows locked, or is through
        time.sleep(0.3)
        before = planned(campaign)
        time.sleep(0.2)
        assert planned(campaign) == before, "planned while it was paused"
        resume_campaign(campaign)
        assert campaign.state == CampaignState.RUNNING
        time.sleep(0.5)
