"""The whole engine into smtp-sink, as a ratio to smtp-source -d into the same sink.

    python -m benchmarks.send [--messages 20000] [--runs 3] [--processes 2] [--senders 2] [--connections 20] [--sessions 10]

Mails of 4.2 KB: enrolled, planned, claimed, rendered (Liquid, footer, tracked links, pixel, MIME), offered, sent over
kept-open connections, settled; each message's state is committed before and after it is offered. The senders are shared
out among the worker processes, and each has so many connections; smtp-source has `--sessions`.
"""

import argparse
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.setting import computing, postgres, prepare, report, smtp_sink, smtp_source

GREETING = 'Hello {{ first_name | default: "there" }}, this is about {{ company | default: "your team" }}.'
PARAGRAPH = f"<p>{GREETING} {'x' * 400}</p>"
LINKS = '<p><a href="https://example.com/a?x=1&amp;y=2">one</a> <a href="https://example.com/b">two</a></p>'

# Between two looks of who has nothing to do: a tick would wake it, and looking takes its share of the machine.
IDLE_SECONDS = 0.05


def seed(messages: int, port: int, senders: int, connections: int) -> int:
    """A running campaign to `messages` leads through SMTP senders with so many connections each; returns its id."""
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
            security="none", connections=connections,
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


def work(senders: list[int]) -> None:
    """A worker process: drains its senders side by side until its input ends."""
    import django

    django.setup()
    warm, over = threading.Barrier(len(senders) + 1), threading.Event()
    threads = [threading.Thread(target=drain_until, args=(sender, warm, over)) for sender in senders]
    for thread in threads:
        thread.start()
    warm.wait()
    print("ready", flush=True)
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()


def drain_until(sender: int, warm: threading.Barrier, over: threading.Event) -> None:
    """One sender's thread, as a worker has it; `warm` once it has done all that is done once."""
    from django.db import connection

    from campaigns import engine

    engine.drain(sender)
    warm.wait()
    while not over.is_set():
        if not engine.drain(sender).counts:
            time.sleep(IDLE_SECONDS)
    connection.close()


@contextlib.contextmanager
def workers(senders: list[int], processes: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """Worker processes with nothing to do yet, the senders shared out among them."""
    started = []
    for number in range(processes):
        command = [sys.executable, "-m", "benchmarks.send", "--work", *map(str, senders[number::processes])]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for worker in started:
        assert worker.stdout is not None
        worker.stdout.readline()
    yield started
    for worker in started:
        worker.communicate()


@dataclass
class Run:
    """Seconds from the start of a campaign to its last recorded outcome, and seconds of computing meanwhile."""

    elapsed: float
    engine: float
    database: float


def send(pk: int, messages: int, processes: int) -> Run:
    from campaigns import engine
    from campaigns.enrolment import enrol
    from campaigns.models import Campaign, Message

    campaign = Campaign.objects.get(pk=pk)
    senders = list(campaign.senders.values_list("pk", flat=True))
    open_messages = Message.objects.filter(campaign=campaign, state__in=["planned", "sending"])
    with workers(senders, processes) as working:
        pids = [worker.pid for worker in working]
        engine_before, database_before = computing(pids), computing(postgres())
        own, started = time.process_time(), time.perf_counter()
        enrol(campaign)
        while engine.plan():
            pass
        own = time.process_time() - own
        while open_messages.exists():
            time.sleep(IDLE_SECONDS)
        elapsed = time.perf_counter() - started
        used = Run(elapsed, own + computing(pids) - engine_before, computing(postgres()) - database_before)
    sent = Message.objects.filter(campaign=campaign, state="sent").count()
    if sent != messages:
        raise SystemExit(f"Only {sent} of {messages} messages were sent.")
    return used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--connections", type=int, default=20, help="Of each sender.")
    parser.add_argument("--sessions", type=int, default=10, help="Of smtp-source.")
    parser.add_argument("--work", type=int, nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(options.work)
    prepare()
    runs, yardstick = [], []
    against = ("-d", "-s", str(options.sessions))
    with smtp_sink() as port:
        for _ in range(options.runs):
            campaign = seed(options.messages, port, options.senders, options.connections)
            runs.append(send(campaign, options.messages, options.processes))
            yardstick.append(smtp_source(port, options.messages, 4096, *against))
    report("engine", [run.elapsed for run in runs], yardstick, options.messages, " ".join(("smtp-source", *against)))
    engine, database = median(run.engine for run in runs), median(run.database for run in runs)
    print(f"computing for each message: engine {engine / options.messages * 1e6:.0f} µs,", end=" ")
    print(f"PostgreSQL {database / options.messages * 1e6:.0f} µs;", end=" ")
    print(f"so {options.messages / (engine + database):,.0f} messages for each second of a busy core")
    return None


if __name__ == "__main__":
    main()
