"""What stands in the way of a campaign, before anything is sent: a list of findings, each with what to do about it.

In: a campaign, as it is stored. Out: `Finding`s; those of level "error" refuse the start, warnings are for a person to
weigh. A file for each subject: `people` (audience, senders, organisation), `sequence`, `content` (a wording), `audience`
(whom a wording cannot be made for). Nothing here changes anything, and nothing looks at more than `SAMPLE` leads or
`SECONDS` of them.
"""

import time
from dataclasses import replace

from campaigns.models import Campaign, Step
from campaigns.preflight.audience import SECONDS, check_leads
from campaigns.preflight.content import FIELDS, check_content, dropped, field_problems, placeholders
from campaigns.preflight.finding import Finding
from campaigns.preflight.people import check_audience, check_organisation, check_senders
from campaigns.preflight.sequence import check_sequence

__all__ = ["FIELDS", "Finding", "dropped", "field_problems", "placeholders", "preflight"]


def preflight(campaign: Campaign) -> list[Finding]:
    """Every finding, errors first."""
    steps = list(campaign.steps.prefetch_related("variants"))
    found = [*check_audience(campaign), *check_senders(campaign), *check_organisation(campaign)]
    found += [*check_sequence(campaign, steps), *check_wordings(campaign, steps)]
    return sorted(found, key=lambda finding: not finding.blocks)


def check_wordings(campaign: Campaign, steps: list[Step]) -> list[Finding]:
    """Of every variant that leads may get; their mails are made only where all templates parse."""
    found: list[Finding] = []
    used = [(step, variant) for step in steps for variant in step.variants.all() if variant.weight]
    for step, variant in used:
        found += [named(finding, step, variant.name) for finding in check_content(campaign, step, variant)]
    if any(finding.blocks for finding in found):
        return found
    until = time.monotonic() + SECONDS
    for at, (step, variant) in enumerate(used):
        share = (until - time.monotonic()) / (len(used) - at)
        leads = check_leads(campaign, step, variant, time.monotonic() + share)
        found += [named(finding, step, variant.name) for finding in leads]
    return found


def named(finding: Finding, step: Step, variant: str) -> Finding:
    """The finding with its variant's name, where the step has several."""
    return replace(finding, variant=variant) if len(step.variants.all()) > 1 else finding
