"""The whole engine into smtp-sink, as a ratio to smtp-source -d into the same sink.

    python -m benchmarks.send [--messages 10000] [--runs 3]

10,000 mails of 4 KB: enrolled, planned, claimed, rendered (Liquid, footer, tracked links, pixel, MIME), offered, sent
over one kept-open connection, settled; each message's state is committed before and after it is offered.
"""

import argparse
import time

from benchmarks.setting import prepare, report, smtp_sink, smtp_source

GREETING = 'Hello {{ first_name | default: "there" }}, this is about {{ company | default: "your team" }}.'
PARAGRAPH = f"<p>{GREETING} {'x' * 400}</p>"
LINKS = '<p><a href="https://example.com/a?x=1&amp;y=2">one</a> <a href="https://example.com/b">two</a></p>'


def seed(messages: int, port: int) -> int:
    """A running campaign to `messages` leads through one SMTP sender; returns the sender's id."""
    from django.utils import timezone

    from accounts.services import create_account
    from campaigns.models import Campaign, CampaignState, Step, Variant
    from leads.models import Lead, LeadList, ListEntry
    from leads.suppression import digest
    from senders.models import Sender

    stamp = time.time_ns()
    _, organisation = create_account(f"owner{stamp}@example.com", "correct horse battery", "Owner", f"Bench {stamp}")
    sender = Sender.objects.create(
        organisation=organisation,
        name="Bench",
        address="bench@example.com",
        host="127.0.0.1",
        port=port,
        security="none",
    )
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
    campaign.senders.add(sender)
    campaign.lists.add(chosen)
    step = Step.objects.create(organisation=organisation, campaign=campaign)
    Variant.objects.create(
        organisation=organisation, step=step, subject="Hello {{ first_name }}", body_html=PARAGRAPH * 6 + LINKS,
        body_text="Hello {{ first_name }}, https://example.com/a",
    )  # fmt: skip
    return sender.pk


def send(sender: int, messages: int) -> float:
    """Seconds from the start of the campaign to its last recorded outcome."""
    from campaigns import engine
    from campaigns.models import Campaign, Message

    campaign = Campaign.objects.get(senders=sender)
    started = time.perf_counter()
    engine.enrol(campaign)
    while engine.plan():
        pass
    while engine.drain(sender).more:
        pass
    elapsed = time.perf_counter() - started
    sent = Message.objects.filter(campaign=campaign, state="sent").count()
    if sent != messages:
        raise SystemExit(f"Only {sent} of {messages} messages were sent.")
    return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    prepare()
    ours, yardstick = [], []
    with smtp_sink() as port:
        for _ in range(options.runs):
            ours.append(send(seed(options.messages, port), options.messages))
            yardstick.append(smtp_source(port, options.messages, 4096, "-d"))
    report("engine", ours, yardstick, options.messages, "smtp-source -d")


if __name__ == "__main__":
    main()
