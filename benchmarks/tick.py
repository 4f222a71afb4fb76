"""What a tick costs while nothing, little or much is due: it runs every second, whatever lies in the tables.

    python -m benchmarks.tick [--enrollments 100000] [--senders 100]

One organisation, ten running campaigns, everyone of the senders in each; milliseconds for each of the tick's steps,
the median of 5. Nothing is sent.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.setting import prepare

CAMPAIGNS = 10

LEADS = """
INSERT INTO leads_lead (organisation_id, email, email_key, digest, first_name, last_name, company, title, phone, fields,
    tags, source, created_at, updated_at)
SELECT %(organisation)s, 'lead' || n || '@example.com', 'lead' || n || '@example.com', sha256(n::text::bytea), 'First',
    '', '', '', '', '{}', '{}', '', now(), now()
FROM generate_series(1, %(each)s) n
"""
ENROLLMENTS = """
INSERT INTO campaigns_enrollment
    (organisation_id, campaign_id, lead_id, sender_id, state, reason, next_position, due_at, created_at)
SELECT %(organisation)s, campaign.id, lead.id, (%(senders)s::bigint[])[1 + lead.id %% %(count)s], 'active', '', 1,
    now() + interval '1 day', now()
FROM campaigns_campaign campaign CROSS JOIN leads_lead lead
WHERE campaign.organisation_id = %(organisation)s AND lead.organisation_id = %(organisation)s
"""
DUE = "UPDATE campaigns_enrollment SET due_at = now() WHERE id IN (SELECT id FROM campaigns_enrollment LIMIT %s)"
SENT = "UPDATE campaigns_message SET state = 'sent', sent_at = now()"


def run(statement: str, parameters: Any = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def seed(enrollments: int, senders: int) -> None:
    """Enrollments that wait until tomorrow."""
    from accounts.services import create_account
    from campaigns.models import Campaign, CampaignState, Step, Variant
    from senders.models import Sender

    _, organisation = create_account("owner@example.com", "correct horse battery", "Owner", "Bench")
    mailboxes = [
        Sender.objects.create(organisation=organisation, name="Bench", address=f"s{n}@example.com", host="127.0.0.1")
        for n in range(senders)
    ]
    for number in range(CAMPAIGNS):
        campaign = Campaign.objects.create(
            organisation=organisation, name=f"Bench {number}", state=CampaignState.RUNNING
        )
        campaign.senders.set(mailboxes)
        step = Step.objects.create(organisation=organisation, campaign=campaign)
        Variant.objects.create(organisation=organisation, step=step, subject="Hello", body_text="Hello")
    run(LEADS, {"organisation": organisation.pk, "each": enrollments // CAMPAIGNS})
    keys = [mailbox.pk for mailbox in mailboxes]
    run(ENROLLMENTS, {"organisation": organisation.pk, "senders": keys, "count": senders})
    run("VACUUM ANALYZE")


def measure(label: str, before: Callable[[], Any], times: int = 5) -> None:
    """Print the median milliseconds of each step of a tick, `before` having prepared each."""
    from campaigns import engine

    steps = (engine.recover_abandoned, engine.plan, engine.finish, engine.senders_with_work)
    taken: dict[str, list[float]] = {step.__name__: [] for step in steps}
    for _ in range(times):
        before()
        for step in steps:
            started = time.perf_counter()
            step()
            taken[step.__name__].append((time.perf_counter() - started) * 1000)
    figures = ", ".join(f"{name} {median(values):.1f}" for name, values in taken.items())
    print(f"{label}: {sum(median(values) for values in taken.values()):.1f} ms ({figures})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enrollments", type=int, default=100_000)
    parser.add_argument("--senders", type=int, default=100)
    options = parser.parse_args()
    prepare()
    from campaigns import engine

    seed(options.enrollments, options.senders)
    measure("nothing due", lambda: None)
    measure("100 due", lambda: run(DUE, [100]))
    measure("10,000 due", lambda: run(DUE, [10_000]))
    run("UPDATE campaigns_enrollment SET due_at = now() WHERE due_at IS NOT NULL")
    measure("all due, planned in portions", lambda: None)
    while engine.plan():
        pass
    run("VACUUM ANALYZE")
    measure("all planned, waiting for their senders", lambda: None)
    run(SENT)
    run("VACUUM ANALYZE")
    measure("all sent", lambda: None)


if __name__ == "__main__":
    main()
