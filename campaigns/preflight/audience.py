"""Who of the audience would get nothing, and why: mails are rendered for it, or for as many of it as there is time for."""

import re
import time
from collections import Counter
from collections.abc import Iterator

from campaigns.audience import SAMPLE, audience_leads
from campaigns.models import Campaign, Step, Variant
from campaigns.preflight.finding import Finding
from campaigns.rendering import Renderer, RenderError
from campaigns.rendering.subjects import subject_of
from leads.models import Lead
from leads.segments.rules import BadRules
from senders.models import Sender

# How long all the wordings of a campaign are rendered for the check of merge fields, in seconds.
SECONDS = 3.0
MOST_REASONS = 5
MISSING = re.compile(r"This lead has no (\S+),")  # as rendering.templates.describe_missing says it


def check_leads(campaign: Campaign, step: Step, variant: Variant, until: float) -> Iterator[Finding]:
    """Render the mail for the audience, or for its newest `SAMPLE` until that time (monotonic), and count who would fail, by
    reason.
    """
    sender = campaign.senders.order_by("pk").first() or Sender(name="", address="sender@example.com")
    renderer = Renderer(campaign, variant, sender, campaign.organisation, subject=subject_of(variant))
    reasons: Counter[str] = Counter()
    checked, more = 0, False
    for lead in sample(campaign):
        if checked == SAMPLE or time.monotonic() > until:
            more = True
            break
        checked += 1
        try:
            renderer.render(lead, "#")
        except RenderError as error:
            reasons[str(error)] += 1
    for reason, count in reasons.most_common(MOST_REASONS):
        message = failing(reason, count, waits=campaign.wait_for_fields)
        if more:
            message += f" Only the newest {checked:,} leads were checked."
        yield Finding("warning", "body_html", message, fallback(reason), step.position, count)


def sample(campaign: Campaign) -> list[Lead]:
    """The newest of the audience; nobody where a segment cannot be followed, which is a finding of its own."""
    try:
        return list(audience_leads(campaign)[: SAMPLE + 1])
    except BadRules:
        return []


def failing(reason: str, count: int, *, waits: bool) -> str:
    leads, have = ("1 lead", "has") if count == 1 else (f"{count:,} leads", "have")
    if found := MISSING.match(reason):
        what = "wait until they have it" if waits else "fail"
        return f"{leads} {have} no {found[1]} and would {what}; the others are sent."
    return f"{leads} would fail; the others are sent. {reason}"


def fallback(reason: str) -> str:
    found = MISSING.match(reason)
    if found is None:
        return "Mend the template or these leads."
    return f'Give a fallback, {{{{ {found[1]} | default: "…" }}}}, or let these leads wait.'
