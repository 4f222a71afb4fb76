"""The whole engine into smtp-sink, as a ratio to smtp-source -d into the same sink.

    python -m benchmarks.send [--messages 10000] [--runs 3] [--connections 1] [--senders 1]

10,000 mails of 4 KB: enrolled, planned, claimed, rendered (Liquid, footer, tracked links, pixel, MIME), offered, sent
over kept-open connections, settled; each message's state is committed before and after it is offered. The connections
are shared out among the senders, which one process drains side by side; smtp-source has as many (`-s`).
"""

import argparse
import threading
import time
from statistics import median

from benchmarks.setting import prepare, report, smtp_sink, smtp_source

GREETING = 'Hello {{ first_name | default: "there" }}, this is about {{ company | default: "your team" }}.'
PARAGRAPH = f"<p>{GREETING} {'x' * 400}</p>"
LINKS = '<p><a href="https://example.com/a?x=1&amp;y=2">one</a> <a href="https://example.com/b">two</a></p>'


def seed(messages: int, port: int, senders: int, connections: int) -> int:
    """A running campaign to `messages` leads through SMTP senders with so many connections in all; returns its id."""
    from django.utils import timezone

    from accounts.services import create_account
    from campaigns.models import Campaign, CampaignState, Step, Variant
    from leads.models import Lead, LeadList, ListEntry
    from leads.suppression import digest
    from senders.models import Sender

    stamp = time.time_ns()
    _, organisation = create_account(f"owner{stamp}@example.com", "correct horse battery", "Owner", f"Bench {stamp}")
    mailboxes = [
        Sender.objects.create(
            organisation=organisation, name="Bench", address=f"bench{number}@example.com", host="127.0.0.1", port=port,
            security="none", connections=connections // senders,
        )
        for number in range(senders)
    ]  # fmt: skip
    chosen = LeadList.objects.create(organisation=organisation, name="All")
    leads = [
        Lead(
            organisation=organisation, email=f"lead{number}@example.com", email_key=f"lead{number}@example.com",
            digest=digest(f"lead{number}@example.com"), first_name=f"First{number}", company="Example Ltd",
        )
        for number in range(messages)
    ]  # fmt: skip
    Lead.objects.bulk_create(leads, batch_size=5000)
    entries = [ListEntry(lead_list=chosen, lead=lead, organisation=organisation) for lead in leads]
    ListEntry.objects.bulk_create(entries, batch_size=5000)
    campaign = Campaign.objects.create(
        organisation=organisation, name="Bench", state=CampaignState.RUNNING, started_at=timezone.now()
    )
    campaign.senders.set(mailboxes)
    campaign.lists.add(chosen)
    step = Step.objects.create(organisation=organisation, campaign=campaign)
    Variant.objects.create(
        organisation=organisation, step=step, subject="Hello {{ first_name }}", body_html=PARAGRAPH * 6 + LINKS,
        body_text="Hello {{ first_name }}, https://example.com/a",
    )  # fmt: skip
    return campaign.pk


def drain_all(sender: int) -> None:
    """One sender's thread, as a worker has it."""
    from django.db import connection

    from campaigns import engine

    while engine.drain(sender).more:
        pass
    connection.close()


def send(pk: int, messages: int) -> tuple[float, float]:
    """Seconds from the start of the campaign to its last recorded outcome, and seconds of this process's computing."""
    from campaigns import engine
    from campaigns.models import Campaign, Message

    campaign = Campaign.objects.get(pk=pk)
    started, computed = time.perf_counter(), time.process_time()
    engine.enrol(campaign)
    while engine.plan():
        pass
    senders = campaign.senders.values_list("pk", flat=True)
    threads = [threading.Thread(target=drain_all, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, computed = time.perf_counter() - started, time.process_time() - computed
    sent = Message.objects.filter(campaign=campaign, state="sent").count()
    if sent != messages:
        raise SystemExit(f"Only {sent} of {messages} messages were sent.")
    return elapsed, computed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=1, help="In all, on both sides.")
    parser.add_argument("--senders", type=int, default=1)
    options = parser.parse_args()
    prepare()
    many = ("-s", str(options.connections))
    ours, computing, yardstick = [], [], []
    with smtp_sink() as port:
        for _ in range(options.runs):
            campaign = seed(options.messages, port, options.senders, options.connections)
            elapsed, computed = send(campaign, options.messages)
            ours.append(elapsed)
            computing.append(computed)
            yardstick.append(smtp_source(port, options.messages, 4096, "-d", *many))
    report("engine", ours, yardstick, options.messages, " ".join(("smtp-source -d", *many)))
    print(f"engine, per second of its process's computing: {options.messages / median(computing):,.0f}")


if __name__ == "__main__":
    main()
