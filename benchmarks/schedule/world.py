"""A product in use: organisations, their mailboxes, running and ended campaigns, and everyone in them.

Every enrollment of a running campaign has had its first mail; three of four wait for the second, due within a fortnight.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Organisation
from campaigns.models import Campaign, CampaignState, Step, Variant
from senders.models import Sender

# Written over the foreign keys' triggers, and without indexes: those of the leads, which no tick reads, stay away, the
# others are built at the end.
FAST = """
SET session_replication_role = replica;
SET synchronous_commit = off;
DROP INDEX lead_newest, lead_by_name, lead_by_company, lead_by_digest, lead_tags, lead_terms;
"""
INDEXES = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'u' AND conrelid::regclass::text = ANY(%(tables)s)
UNION ALL
SELECT format('DROP INDEX %%I', indexname), indexdef
FROM pg_indexes WHERE tablename = ANY(%(tables)s)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname AND contype IN ('p', 'u'))
"""
MANY = ["campaigns_enrollment", "campaigns_message"]
LEADS = """
INSERT INTO leads_lead (organisation_id, email, email_key, digest, first_name, last_name, company, title, phone, fields,
    tags, source, created_at, updated_at)
SELECT organisation.id, 'lead' || n || '@example.com', 'lead' || n || '@example.com', sha256(n::text::bytea), 'First',
    '', '', '', '', '{}', '{}', '', now(), now()
FROM accounts_organisation organisation, generate_series(1, %(each)s) n
"""
ENROLLMENTS = """
WITH chosen AS (
    SELECT campaign_id, array_agg(sender_id ORDER BY sender_id) AS ids FROM campaigns_campaign_senders GROUP BY 1
)
INSERT INTO campaigns_enrollment
    (organisation_id, campaign_id, lead_id, sender_id, state, reason, next_position, due_at, created_at)
SELECT campaign.organisation_id, campaign.id, lead.id,
    chosen.ids[1 + abs(hashint8(lead.id + campaign.id)) %% cardinality(chosen.ids)],
    CASE WHEN hashint8(lead.id) %% 4 = 0 THEN 'finished' ELSE 'active' END, '', 2,
    CASE WHEN hashint8(lead.id) %% 4 <> 0 THEN now() + (1 + random() * 13) * interval '1 day' END, now()
FROM campaigns_campaign campaign
JOIN chosen ON chosen.campaign_id = campaign.id
JOIN leads_lead lead ON lead.organisation_id = campaign.organisation_id
WHERE campaign.state = 'running' AND campaign.id %% %(parts)s = %(part)s
"""
MESSAGES = """
INSERT INTO campaigns_message (organisation_id, campaign_id, enrollment_id, step_id, variant_id, lead_id, sender_id, state,
    message_id, due_at, attempts, error, provider_id, sent_at)
SELECT enrollment.organisation_id, enrollment.campaign_id, enrollment.id, step.id, variant.id, lead_id, sender_id, 'sent',
    gen_random_uuid() || '@example.com', now(), 1, '', '', now() - (1 + random() * 13) * interval '1 day'
FROM campaigns_enrollment enrollment
JOIN campaigns_step step ON step.campaign_id = enrollment.campaign_id AND step.position = 1
JOIN campaigns_variant variant ON variant.step_id = step.id
WHERE enrollment.campaign_id %% %(parts)s = %(part)s
"""
PARTS = 10
# What senders and campaigns have for windows: every day, all day, in the zones of the world.
RUNNING = CampaignState.RUNNING
ENDED = (CampaignState.FINISHED, CampaignState.STOPPED)
ZONES = [None, "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo"]


@dataclass(frozen=True)
class World:
    organisations: int = 200
    senders: int = 10_000
    running: int = 500
    ended: int = 4_500
    enrollments: int = 1_000_000


def run(statement: str, parameters: Any = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def open_all_day(zone: str | None) -> dict[str, Any] | None:
    return {"days": list(range(7)), "start": "00:00", "end": "00:00", "time_zone": zone} if zone else None


def build(world: World) -> None:
    run(FAST)
    organisations = Organisation.objects.bulk_create(
        Organisation(name=f"Bench {number}", slug=f"bench-{number}") for number in range(world.organisations)
    )
    campaigns = add_campaigns(world, organisations)
    add_senders(world, campaigns)
    run(LEADS, {"each": world.enrollments // world.running})
    with without_indexes():
        for statement in (ENROLLMENTS, MESSAGES):
            for part in range(PARTS):
                run(statement, {"parts": PARTS, "part": part})
    run("SET session_replication_role = DEFAULT; SET synchronous_commit = on")
    run("VACUUM ANALYZE")


@contextlib.contextmanager
def without_indexes() -> Iterator[None]:
    """The large tables lose all but their primary keys for as long as the block runs."""
    with connection.cursor() as cursor:
        cursor.execute(INDEXES, {"tables": MANY})
        statements = cursor.fetchall()
    for drop, _ in statements:
        run(drop)
    yield
    for _, create in statements:
        run(create)


def add_campaigns(world: World, organisations: list[Organisation]) -> list[Campaign]:
    """Campaigns of two steps, the ended ones over the last year; returns those that run."""
    now = timezone.now()
    campaigns = Campaign.objects.bulk_create(
        Campaign(
            organisation=organisations[number % world.organisations],
            name=f"Bench {number}",
            state=RUNNING if number < world.running else ENDED[number % 2],
            finished_at=None if number < world.running else now - timedelta(days=365 * number / world.ended),
            window=open_all_day(ZONES[number % len(ZONES)]),
        )
        for number in range(world.running + world.ended)
    )
    steps = Step.objects.bulk_create(
        Step(organisation_id=campaign.organisation_id, campaign=campaign, position=position, delay_hours=24)
        for campaign in campaigns
        for position in (1, 2)
    )
    Variant.objects.bulk_create(
        Variant(organisation_id=step.organisation_id, step=step, subject="Hello", body_text="Hello") for step in steps
    )
    return campaigns[: world.running]


def add_senders(world: World, campaigns: list[Campaign]) -> None:
    """Each sender sends for one or two running campaigns of its organisation."""
    senders = Sender.objects.bulk_create(
        Sender(
            organisation_id=campaigns[number % world.organisations].organisation_id,
            name="Bench",
            address=f"sender{number}@example.com",
            host="127.0.0.1",
            window=open_all_day(ZONES[number % len(ZONES)]),
        )
        for number in range(world.senders)
    )
    by_organisation: dict[int, list[Campaign]] = {}
    for campaign in campaigns:
        by_organisation.setdefault(campaign.organisation_id, []).append(campaign)
    through = Campaign.senders.through
    through.objects.bulk_create(
        through(campaign_id=campaign.pk, sender_id=sender.pk)
        for number, sender in enumerate(senders)
        for campaign in chosen(by_organisation[sender.organisation_id], number // world.organisations)
    )


def chosen(campaigns: list[Campaign], turn: int) -> set[Campaign]:
    """One of the organisation's campaigns by turns; every fourth time the next one, too."""
    count = len(campaigns)
    return {campaigns[turn % count], campaigns[(turn + (turn % 4 == 0)) % count]}
