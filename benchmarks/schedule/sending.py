"""One worker process, as `up` starts it, against a Gmail that takes 300 ms: messages a second, memory, computing."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.send import LINKS, PARAGRAPH

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LEADS = """
INSERT INTO leads_lead (organisation_id, email, email_key, digest, first_name, last_name, company, title, phone, fields,
    tags, source, created_at, updated_at)
SELECT %(organisation)s, 'lead' || n || '@example.com', 'lead' || n || '@example.com', sha256(n::text::bytea), 'First' || n,
    '', 'Example Ltd', '', '', '{}', '{}', '', now(), now()
FROM generate_series(1, %(count)s) n
"""
LISTED = """
INSERT INTO leads_listentry (lead_list_id, lead_id, organisation_id)
SELECT %(list)s, id, organisation_id FROM leads_lead WHERE organisation_id = %(organisation)s
"""


@contextlib.contextmanager
def slow_gmail(seconds: float) -> Iterator[None]:
    """Runs while the block does; the settings will name it, so it comes before them."""
    with tempfile.TemporaryDirectory(prefix="ecrm-benchmark-ca-") as folder:
        command = [sys.executable, "-m", "benchmarks.schedule.provider", folder, str(seconds)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            os.environ["ECRM_GOOGLE_API_URL"] = f"https://localhost:{server.stdout.readline().strip()}"
            os.environ["ECRM_OAUTH_CA_FILE"] = f"{folder}/ca.pem"
            yield
        finally:
            server.terminate()
            server.wait()


def seed(senders: int, mails: int) -> None:
    """A campaign of `mails` each through so many connected mailboxes, planned."""
    from accounts.services import create_account
    from benchmarks.schedule.world import run
    from campaigns import engine
    from campaigns.enrolment import enrol
    from campaigns.models import Campaign, CampaignState, Step, Variant
    from leads.models import LeadList
    from senders.connecting.grants import store_grant
    from senders.models import Kind, Sender
    from senders.transports.oauth import Granted, Tokens
    from senders.vault import Secret

    _, organisation = create_account("owner@example.com", "correct horse battery", "Owner", "Slow")
    campaign = Campaign.objects.create(organisation=organisation, name="Slow", state=CampaignState.RUNNING)
    for number in range(senders):
        address = f"sender{number}@slow.example"
        sender = Sender.objects.create(organisation=organisation, name="Slow", address=address, kind=Kind.GMAIL)
        tokens = Tokens(Secret("refresh"), Secret("access" * 30), time.time() + 36_000)
        store_grant(sender, Granted(address, (), tokens))
        campaign.senders.add(sender)
    chosen = LeadList.objects.create(organisation=organisation, name="All")
    run(LEADS, {"organisation": organisation.pk, "count": senders * mails})
    run(LISTED, {"organisation": organisation.pk, "list": chosen.pk})
    campaign.lists.add(chosen)
    step = Step.objects.create(organisation=organisation, campaign=campaign)
    Variant.objects.create(
        organisation=organisation, step=step, subject="Hello {{ first_name }}", body_html=PARAGRAPH * 6 + LINKS,
        body_text="Hello {{ first_name }}, https://example.com/a",
    )  # fmt: skip
    enrol(campaign)
    while engine.plan():
        pass
    run("VACUUM ANALYZE")


@dataclass(frozen=True)
class Sample:
    """The worker at one moment: mails sent so far, and of its process what proc_pid_status and proc_pid_stat say."""

    at: float
    sent: int
    computed: float
    megabytes: float
    switches: int


def sample(process: int) -> Sample:
    from campaigns.models import Message

    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    switches = 0
    for thread in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):
            lines = (thread / "status").read_text().splitlines()
            switches += sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
    sent = Message.objects.filter(state="sent").count()
    computed = (int(stat[11]) + int(stat[12])) / TICKS_A_SECOND
    return Sample(time.perf_counter(), sent, computed, int(status["VmRSS"].split()[0]) / 1024, switches)


def measure_sending(senders: int, mails: int) -> None:
    """Send it all through one worker, a tick each second, and print what came of the middle part of it."""
    from campaigns.tasks import tick
    from ecrm.embedded.processes import stop_process
    from ecrm.embedded.programs import Options, programs

    seed(senders, mails)
    service = next(one for one in programs(Options("127.0.0.1", 1, "", demo=False)) if one.name == "sending")
    process = service.start()
    try:
        service.wait_ready(process)
        samples = [sample(process.pid)]
        while samples[-1].sent < senders * mails:
            tick()
            time.sleep(1)
            samples.append(sample(process.pid))
    finally:
        stop_process(process, service.stop_signal)
    show(senders, mails, samples)


def show(senders: int, mails: int, samples: list[Sample]) -> None:
    total = senders * mails
    middle = [one for one in samples if 0.1 * total <= one.sent <= 0.9 * total]
    first, last = middle[0], middle[-1]
    sent, seconds, computed = last.sent - first.sent, last.at - first.at, last.computed - first.computed
    print(f"{senders} API senders: {sent / seconds:,.0f} messages/s over {seconds:.0f} s")
    print(f"  worker: {computed / seconds:.2f} of a core, {1000 * computed / sent:.2f} ms computed for a message")
    print(f"  memory: {max(one.megabytes for one in samples):.0f} MB at its most, {samples[0].megabytes:.0f} MB idle")
    print(f"  switches between threads: {(last.switches - first.switches) / sent:.1f} for a message")
