"""Whom it reaches, through whom, and for whom: the audience, the senders and the organisation."""

from collections.abc import Iterator

from campaigns.audience import busy_elsewhere, chosen_leads, count_audience
from campaigns.models import Campaign
from campaigns.preflight.finding import Finding
from ecrm.database import TooSlow, within
from ecrm.text import counted
from leads.segments.rules import BadRules
from senders.models import Sender, SenderState
from senders.standing import cap_of

# How long leads that are under way elsewhere are counted, in milliseconds.
BUSY_MS = 2000


def check_audience(campaign: Campaign) -> Iterator[Finding]:
    if not campaign.lists.exists() and not campaign.segments.exists():
        reason = "No list or segment is chosen, so nobody would get it."
        yield Finding("error", "lists", reason, "Choose at least one.")
        return
    try:
        audience = count_audience(campaign)
    except BadRules as error:
        fix = "Mend the segment, or take it out of this campaign."
        yield Finding("error", "segments", f"A segment of the audience cannot be followed: {error}", fix)
        return
    if not audience.total:
        where = "The chosen lists are empty." if not campaign.segments.exists() else "Nobody is in the audience."
        yield Finding("error", "lists", where, "Import leads, put some on these lists, or choose others.")
    elif not audience.reached and audience.suppressed == audience.total:
        reason = f"All {audience.total:,} leads are suppressed: they unsubscribed, bounced or complained."
        yield Finding("error", "lists", reason, "Choose other lists.")
    elif not audience.reached:
        reason = (
            f"Of {counted(audience.total, 'lead')} nobody is left: {audience.excluded:,} are left out, {audience.busy:,} are in"
            f" another campaign, {audience.suppressed:,} are suppressed."
        )
        yield Finding("error", "lists", reason, "Choose more, or leave fewer out.")
    elif audience.suppressed:
        reason = f"{audience.suppressed:,} of {audience.total:,} leads are suppressed and will get nothing."
        yield Finding("warning", "lists", reason)
    if audience.reached and not campaign.skip_busy:
        yield from check_busy(campaign)


def check_busy(campaign: Campaign) -> Iterator[Finding]:
    """Leads who would hear from two campaigns at once."""
    try:
        with within(BUSY_MS):
            busy = chosen_leads(campaign).filter(busy_elsewhere(campaign)).count()
    except TooSlow:
        return
    if busy:
        reason = (
            f"{counted(busy, 'lead')} of the audience {'is' if busy == 1 else 'are'} under way in another campaign."
        )
        yield Finding("warning", "skip_busy", reason, "Leave them out, or let them get both.", leads=busy)


def check_senders(campaign: Campaign) -> Iterator[Finding]:
    senders = list(campaign.senders.order_by("pk")[:1000])
    resting = [sender for sender in senders if sender.state != SenderState.ACTIVE]
    if not senders:
        yield Finding("error", "senders", "No sender is chosen.", "Choose the mailbox to send from.")
    elif len(resting) == len(senders):
        fix = "Resume or reconnect one, or choose another."
        yield Finding("error", "senders", "No chosen sender is active.", fix)
    else:
        fix = "Resume or reconnect it, or take it out of this campaign."
        for sender in resting[:10]:
            reason = f"{sender.address} is {sender.state}: the leads that fall to it wait."
            yield Finding("warning", "senders", reason, fix)
    for sender in [sender for sender in senders if sender.check_failed and sender not in resting][:10]:
        reason = f"The last check of {sender.address} failed: {sender.check_detail}"
        yield Finding("warning", "senders", reason, "Correct and check it on its page, or choose another.")
    active = [sender for sender in senders if sender not in resting]
    if active and all(cap_of(sender) == 0 for sender in active):
        yield Finding(
            "error", "senders", "No chosen sender may send anything.", "Raise a daily limit, or choose another."
        )
    for sender in active[:10]:
        yield from check_dns(sender)


def check_dns(sender: Sender) -> Iterator[Finding]:
    """What DNS lacked when it was looked at last."""
    for check in sender.dns:
        reason = f"{check['name']} of {sender.address}: {check['detail']}"
        yield Finding("warning", "senders", reason, check["advice"])


def check_organisation(campaign: Campaign) -> Iterator[Finding]:
    """A warning, not a refusal: whether the law asks for it depends on who writes to whom, and the sender answers for it."""
    if not campaign.organisation.postal_address.strip():
        yield Finding(
            "warning",
            "postal_address",
            "Your organisation has no postal address. The law wants one in every mail's footer (CAN-SPAM, § 5 DDG).",
            "Enter it in Settings.",
        )
