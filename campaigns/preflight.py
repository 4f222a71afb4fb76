"""What stands in the way of a campaign, before anything is sent: a list of findings, each with what to do about it.

In: a campaign, as it is stored. Out: `Finding`s; those of level "error" refuse the start, warnings are for a person to
weigh. Nothing here changes anything, and nothing looks at more than `audience.SAMPLE` leads or `SECONDS` of them.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from campaigns.audience import SAMPLE, audience_leads, count_audience, custom_fields, known_fields
from campaigns.models import Campaign, Step, Variant
from campaigns.rendering import Renderer, RenderError, check_template
from campaigns.rendering.fields import allowed_names
from campaigns.rendering.plain import html_to_text
from campaigns.rendering.templates import used_names
from senders.models import Sender, SenderState
from tracking.rewriting import links

# How long mails are rendered for the check of merge fields, in seconds.
SECONDS = 3.0
MOST_REASONS = 5
# Gmail cuts a mail's HTML here, in bytes, and hides the footer with the way out (shared/FACTS.md).
CLIPPED_AT = 102 * 1024

# What people leave behind in a draft: [Name], {first_name}, %FIRSTNAME%, TBD, lorem ipsum. Liquid's own signs are cut
# out before. Both read any text once: nothing repeats without bound up to an end that may be missing.
PLACEHOLDER = re.compile(
    r"\[(?:your |the |my )?(?:(?:first|last|full|company|sender)?[ _]?name|company|title|date|link|url|product"
    r"|insert[^\[\]]{0,100})\]"
    r"|(?<!\{)\{[A-Za-z_]{2,30}\}(?!\})|%[A-Z_]{3,30}%|\*\|[A-Z_]{2,30}\|\*|<<[A-Za-z_ ]{2,30}>>"
    r"|\b(?:TBD|TODO|FIXME|XXX)\b|\blorem ipsum\b",
    re.IGNORECASE,
)
LIQUID = re.compile(r"\{\{(?:[^}]++|\}(?!\}))*+(?:\}\}|\Z)|\{%(?:[^%]++|%(?!\}))*+(?:%\}|\Z)")
# What mail programs drop, and some take for an attack. Linear: a tag is read up to the next bracket, a word once.
DROPPED = re.compile(r"<(script|form|iframe|object|embed)\b|<[a-z][^<>]*?\s(on[a-z]{3,30}+)\s{0,20}+=", re.IGNORECASE)
MISSING = re.compile(r"This lead has no (\S+),")  # as rendering.templates.describe_missing says it
WEB = ("http", "https")
OTHER_SCHEMES = ("mailto", "tel", "sms")


@dataclass(frozen=True)
class Finding:
    """`field` is what can mend it: a field of the campaign or its step, or "postal_address" in the organisation's
    settings. `step` is a position, None where the campaign as a whole is meant. `leads`: how many would get nothing for it.
    """

    level: Literal["error", "warning"]
    field: str
    message: str
    fix: str = ""
    step: int | None = None
    leads: int = 0

    @property
    def blocks(self) -> bool:
        return self.level == "error"


def preflight(campaign: Campaign) -> list[Finding]:
    """Every finding, errors first."""
    found = [*check_audience(campaign), *check_senders(campaign), *check_organisation(campaign)]
    parses = True
    for step in campaign.steps.prefetch_related("variants"):
        for variant in step.variants.all():
            content = list(check_content(campaign, step, variant))
            parses = parses and not any(finding.blocks for finding in content)
            found += content
            if parses:
                found += check_leads(campaign, step, variant)
    return sorted(found, key=lambda finding: not finding.blocks)


def check_audience(campaign: Campaign) -> Iterator[Finding]:
    if not campaign.lists.exists():
        yield Finding("error", "lists", "No list is chosen, so nobody would get it.", "Choose at least one list.")
        return
    audience = count_audience(campaign)
    if not audience.total:
        yield Finding("error", "lists", "The chosen lists are empty.", "Import leads or put some on these lists.")
    elif not audience.reached:
        reason = f"All {audience.total:,} leads are suppressed: they unsubscribed, bounced or complained."
        yield Finding("error", "lists", reason, "Choose other lists.")
    elif audience.suppressed:
        reason = f"{audience.suppressed:,} of {audience.total:,} leads are suppressed and will get nothing."
        yield Finding("warning", "lists", reason)


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


def check_organisation(campaign: Campaign) -> Iterator[Finding]:
    """A warning, not a refusal: whether the law asks for it depends on who writes to whom, and the sender answers for it."""
    if not campaign.organisation.postal_address.strip():
        yield Finding(
            "warning",
            "postal_address",
            "Your organisation has no postal address. The law wants one in every mail's footer (CAN-SPAM, § 5 DDG).",
            "Enter it in Settings.",
        )


def check_content(campaign: Campaign, step: Step, variant: Variant) -> Iterator[Finding]:
    at = step.position
    if not variant.subject.strip():
        yield Finding("error", "subject", "The subject is empty.", "Write one.", at)
    if not variant.body_html.strip() and not variant.body_text.strip():
        yield Finding("error", "body_html", "The mail is empty.", "Write its HTML or its plain text.", at)
    for field, label, html in FIELDS:
        source = getattr(variant, field)
        for problem in field_problems(campaign, source, html=html):
            yield Finding("error", field, f"{label}: {problem}", "Mend the template.", at)
        for left in placeholders(source, html=html):
            reason = f"{label}: “{left}” looks like a placeholder that was left over."
            fix = 'Write what belongs there, or a merge field like {{ first_name | default: "there" }}.'
            yield Finding("warning", field, reason, fix, at)
    yield from check_html(step, variant)


def placeholders(source: str, *, html: bool) -> list[str]:
    """What looks left over in the text that a reader would see."""
    visible = LIQUID.sub("", source)
    if html:
        try:
            visible = html_to_text(visible)
        except RenderError:  # the mails' own text says so, lead by lead
            return []
    return sorted({found[0] for found in PLACEHOLDER.finditer(visible)})[:MOST_REASONS]


# A variant's templates: attribute, what people call it, whether it is HTML.
FIELDS = (("subject", "Subject", False), ("body_html", "HTML", True), ("body_text", "Plain text", False))


def field_problems(campaign: Campaign, source: str, *, html: bool) -> list[str]:
    """What is wrong with one template: its syntax with the line, and fields that no lead of the organisation has."""
    problems = check_template(source, html=html)
    if problems or not source:
        return problems
    names = set(used_names(source, html=html))
    allowed = allowed_names(custom_fields(campaign.organisation))
    if unknown := names - allowed:
        allowed |= known_fields(campaign.organisation, sorted(unknown))
    return check_template(source, html=html, allowed=allowed)


def check_html(step: Step, variant: Variant) -> Iterator[Finding]:
    for target in list(dict.fromkeys(links(variant.body_html)))[:200]:
        if problem := link_problem(target):
            fix = "Write the whole address, with https://."
            yield Finding("warning", "body_html", f"HTML: {problem}", fix, step.position)
    for what in dropped(variant.body_html):
        reason = f"HTML: mail programs drop {what}, and filters take mails with it for dangerous."
        yield Finding("warning", "body_html", reason, "Take it out; link to a page that has it.", step.position)
    if (size := len(variant.body_html.encode())) > CLIPPED_AT:
        reason = f"HTML: {size // 1024} KB. Gmail shows the first 102 KB only and cuts off the footer."
        yield Finding("warning", "body_html", reason, "Shorten it.", step.position)


def dropped(html: str) -> list[str]:
    """What of a mail's HTML never reaches a reader, by name."""
    found = (found for found in DROPPED.finditer(LIQUID.sub("", html)))
    names = (f"<{one[1].lower()}>" if one[1] else f"the handler {one[2].lower()}" for one in found)
    return sorted(dict.fromkeys(names))[:MOST_REASONS]


def link_problem(target: str) -> str:
    """Why a link in a mail leads nowhere, or an empty string. What Liquid fills in is not judged."""
    shown = target if len(target) <= 80 else f"{target[:80]}…"
    if "{{" in target or "{%" in target or target.startswith("#"):
        return ""
    if not target:
        return "a link has no address."
    try:
        parts = urlsplit(target)
        host = parts.hostname
    except ValueError:
        return f"the link “{shown}” is not a valid address."
    if parts.scheme in OTHER_SCHEMES:
        return ""
    if not parts.scheme:
        return f"the link “{shown}” is relative, and a mail has no site that it could belong to."
    if parts.scheme not in WEB or not host or re.search(r"\s", target):
        return f"the link “{shown}” is not a valid address."
    return ""


def check_leads(campaign: Campaign, step: Step, variant: Variant) -> Iterator[Finding]:
    """Render the mail for the audience, or for its newest `SAMPLE`, and count who would fail, by reason."""
    sender = campaign.senders.order_by("pk").first() or Sender(name="", address="sender@example.com")
    renderer = Renderer(campaign, variant, sender, campaign.organisation)
    reasons: Counter[str] = Counter()
    checked, more, until = 0, False, time.monotonic() + SECONDS
    for lead in audience_leads(campaign)[: SAMPLE + 1]:
        if checked == SAMPLE or time.monotonic() > until:
            more = True
            break
        checked += 1
        try:
            renderer.render(lead, "#")
        except RenderError as error:
            reasons[str(error)] += 1
    for reason, count in reasons.most_common(MOST_REASONS):
        message = failing(reason, count)
        if more:
            message += f" Only the newest {checked:,} leads were checked."
        yield Finding("warning", "body_html", message, fallback(reason), step.position, count)


def failing(reason: str, count: int) -> str:
    leads, have = ("1 lead", "has") if count == 1 else (f"{count:,} leads", "have")
    if found := MISSING.match(reason):
        return f"{leads} {have} no {found[1]} and would fail; the others are sent."
    return f"{leads} would fail; the others are sent. {reason}"


def fallback(reason: str) -> str:
    found = MISSING.match(reason)
    name = found[1] if found else ""
    return f'Give a fallback: {{{{ {name} | default: "…" }}}}.' if name else "Mend the template or these leads."
