"""A campaign's mail as one lead would read it: on the screen, or as a test mail in one's own mailbox.

In: a campaign as it is stored and a lead, real or invented. Out: what the reader sees, or what the server answered to the
test mail. What may fail: the template for this lead (`RenderError`); whom the test mail is for (`BadValue`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.audience import audience_leads
from campaigns.errors import BadValue
from campaigns.models import Campaign, Variant
from campaigns.rendering import Rendered, RenderError, preview, sample_lead
from ecrm.text import counted
from ecrm.turns import one_at_a_time
from leads.addresses import normalise_email
from leads.models import Lead
from leads.search import search_leads
from leads.suppression import is_suppressed
from senders.models import Sender
from senders.transports.base import Deferred, Disconnected, Outcome, Rejected, Sent, Throttled, Unanswered

# How many leads are offered to choose from; a search narrows them.
MOST_LEADS = 25
# The longest that test mails take: looking up the host, and the conversation.
TURN_SECONDS = 90


@dataclass(frozen=True)
class Preview:
    """What `lead` would read, or why there is nothing to read. `invented`: no real lead."""

    lead: Lead
    invented: bool
    sender: Sender | None
    rendered: Rendered | None
    problem: str = ""


def lead_choices(campaign: Campaign, q: str = "") -> list[Lead]:
    """Leads to preview with: of the audience, of the whole organisation as long as no list is chosen."""
    found = search_leads(campaign.organisation, q).order_by("-pk")
    if campaign.lists.exists():
        found = found.filter(pk__in=audience_leads(campaign).order_by().values("pk"))
    return list(found[:MOST_LEADS])


def chosen_lead(organisation: Organisation, pk: int | None, choices: list[Lead]) -> Lead:
    """The lead `pk` of the organisation, else the first of `choices`, else an invented one (which has no pk)."""
    found = Lead.objects.filter(organisation=organisation, pk=pk).first() if pk else None
    return found or (choices[0] if choices else sample_lead(organisation))


def wordings(campaign: Campaign) -> list[Variant]:
    """Every variant of every step, in order."""
    found = Variant.objects.filter(step__campaign=campaign).select_related("step")
    return list(found.order_by("step__position", "name"))


def first_variant(campaign: Campaign) -> Variant:
    """What the first step says."""
    return wordings(campaign)[0]


def chosen_variant(campaign: Campaign, pk: int | None) -> Variant:
    """The variant `pk` of the campaign, else what its first step says."""
    every = wordings(campaign)
    return next((variant for variant in every if variant.pk == pk), every[0])


def labels(every: Sequence[Variant]) -> list[tuple[int, str]]:
    """How each of these variants is called where one is chosen, as in "Step 2, variant B", with its id."""
    sizes = Counter(variant.step_id for variant in every)
    return [
        (variant.pk, f"Step {variant.step.position}" + (f", variant {variant.name}" * (sizes[variant.step_id] > 1)))
        for variant in every
    ]


def whole_sequence(campaign: Campaign, shown: Variant) -> list[Variant]:
    """One variant of each step: `shown`; of the other steps the winner, else the first that leads may get."""
    by_step = groupby(wordings(campaign), lambda variant: variant.step_id)
    return [
        min(variants, key=lambda one: (one != shown, one.pk != one.step.winner_id, not one.weight))
        for _, variants in by_step
    ]


def preview_for(campaign: Campaign, lead: Lead, variant: Variant) -> Preview:
    sender = campaign.senders.order_by("pk").first()
    try:
        rendered, problem = preview(campaign, variant, lead, sender), ""
    except RenderError as error:
        rendered, problem = None, str(error)
    return Preview(lead, lead.pk is None, sender, rendered, problem)


def send_test_mail(
    campaign: Campaign, by: User, lead: Lead, sender: Sender, to: str, variants: Sequence[Variant]
) -> list[Outcome]:
    """Send `variants` as `lead` would get them to `to`, outside every count: what came of each, up to the first that
    failed. Raises RenderError, BadValue or Busy.

    A suppressed address gets no test mail either, unless it is one's own.
    """
    key = normalise_email(to).key
    if key != normalise_email(by.email).key and is_suppressed(campaign.organisation, key):
        raise BadValue(
            "to", "This address is on the suppression list: it unsubscribed, bounced, complained, or was put there."
        )
    with one_at_a_time("a test mail", by.pk, TURN_SECONDS):
        return engine.send_test(campaign, variants, lead, sender, to)


def all_in_words(outcomes: Sequence[Outcome], to: str) -> str:
    """What came of the test mails of a sequence: the last one's words, behind how many went out before it failed."""
    sent = sum(isinstance(outcome, Sent) for outcome in outcomes)
    if sent == len(outcomes) > 1:
        return f"Sent {counted(sent, 'mail')} to {to}, one for each step."
    before = f"Sent {counted(sent, 'mail')}, then it failed. " if sent and sent < len(outcomes) else ""
    return before + in_words(outcomes[-1], to)


def in_words(outcome: Outcome, to: str) -> str:
    """What came of a test mail, with the server's own words where it said any."""
    match outcome:
        case Sent():
            return f"Sent to {to}.{f' The server said: {outcome.detail}' if outcome.detail else ''}"
        case Rejected():
            return f"The server refused the mail: {outcome.reason}"
        case Deferred() | Throttled():
            return f"The server does not take it now: {outcome.reason}"
        case Disconnected():
            return f"The sender is not let in: {outcome.reason}"
        case Unanswered():
            return f"The mail went out and no answer came back; it may or may not arrive: {outcome.reason}"
