"""A million leads into a campaign, foretold, and a million messages planned, on PostgreSQL as `up` starts it.

    python -m benchmarks.planning [--leads 1000000] [--senders 5]

Seconds for each, and this process's memory: neither passes the leads through Python. The yardstick is PostgreSQL's own copy of
the same leads' keys into an empty table without indexes.
"""

import argparse
import resource
import time
from collections.abc import Callable

from benchmarks.setting import prepare


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def campaign_of(leads: int, senders: int) -> int:
    """A running campaign of two variants whose list holds so many leads; returns its key."""
    from accounts.models import Organisation
    from benchmarks.schedule.sending import LEADS, LISTED
    from benchmarks.schedule.world import run
    from campaigns.models import Campaign, CampaignState, Step, Variant
    from leads.models import LeadList
    from senders.models import Sender

    organisation = Organisation.objects.create(name="Bench", slug="bench")
    everybody = LeadList.objects.create(organisation=organisation, name="All")
    run(LEADS, {"organisation": organisation.pk, "count": leads})
    run(LISTED, {"organisation": organisation.pk, "list": everybody.pk})
    campaign = Campaign.objects.create(organisation=organisation, name="All", state=CampaignState.RUNNING)
    campaign.lists.add(everybody)
    for number in range(senders):
        address = f"sender{number}@bench.example"
        campaign.senders.add(Sender.objects.create(organisation=organisation, name="S", address=address))
    step = Step.objects.create(organisation=organisation, campaign=campaign)
    for name in "AB":
        Variant.objects.create(organisation=organisation, step=step, name=name, subject="Hello", body_text="Hello")
    run("VACUUM ANALYZE")
    return campaign.pk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--senders", type=int, default=5)
    options = parser.parse_args()
    prepare()
    from benchmarks.schedule.world import run
    from campaigns import engine
    from campaigns.audience import count_audience
    from campaigns.enrolment import enrol
    from campaigns.forecast import finish_estimate
    from campaigns.models import Campaign

    campaign = Campaign.objects.select_related("organisation").get(pk=campaign_of(options.leads, options.senders))

    def plan() -> None:
        while engine.plan():
            pass

    copy = timed(lambda: run("CREATE TABLE yardstick AS SELECT id, organisation_id FROM leads_lead"))
    for name, work in (
        ("counted", lambda: count_audience(campaign)),
        ("enrolled", lambda: enrol(campaign)),
        ("foretold", lambda: finish_estimate(campaign)),
        ("planned", plan),
        ("foretold when planned", lambda: finish_estimate(campaign)),
    ):
        seconds = timed(work)
        print(
            f"{options.leads:,} {name}: {seconds:.1f} s, {seconds / copy:.0f} times the copy ({copy:.2f} s)", flush=True
        )
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
