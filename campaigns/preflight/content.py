"""What a wording says: whether its templates can be sent, and what a reader, or a filter, would stumble over."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from accounts.models import Organisation
from campaigns.audience import custom_fields, known_fields
from campaigns.models import Campaign, Step, Variant
from campaigns.preflight.files import check_files
from campaigns.preflight.finding import Finding
from campaigns.rendering import RenderError, check_template
from campaigns.rendering.content import content_html
from campaigns.rendering.fields import allowed_names
from campaigns.rendering.plain import html_to_text
from campaigns.rendering.snippets import expand, pieces_for
from campaigns.rendering.subjects import subject_of
from campaigns.rendering.templates import used_names
from ecrm.text import counted
from tracking.rewriting import links

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
LIQUID = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.DOTALL)
# What mail programs drop, and some take for an attack. Linear: a tag is read up to the next bracket, a word once.
DROPPED = re.compile(r"<(script|form|iframe|object|embed)\b|<[a-z][^<>]*?\s(on[a-z]{3,30}+)\s{0,20}+=", re.IGNORECASE)
WEB = ("http", "https")
OTHER_SCHEMES = ("mailto", "tel", "sms")
IMAGE = re.compile(r"<img\b[^<>]{0,5000}>", re.IGNORECASE)
ALT = re.compile(r"\salt\s*=", re.IGNORECASE)


def check_content(campaign: Campaign, step: Step, variant: Variant) -> Iterator[Finding]:
    at = step.position
    if not subject_of(variant).strip():
        yield Finding("error", "subject", "The subject is empty.", "Write one.", at)
    if not variant.body_html.strip() and not variant.body_text.strip():
        yield Finding("error", "body_html", "The mail is empty.", "Write its HTML or its plain text.", at)
    for field, label, html in FIELDS:
        source = getattr(variant, field)
        for problem in field_problems(campaign.organisation, source, html=html):
            yield Finding("error", field, f"{label}: {problem}", "Mend the template.", at)
        for left in placeholders(source, html=html):
            reason = f"{label}: “{left}” looks like a placeholder that was left over."
            fix = 'Write what belongs there, or a merge field like {{ first_name | default: "there" }}.'
            yield Finding("warning", field, reason, fix, at)
    yield from check_html(step, content_html(variant) or variant.body_html)
    yield from check_files(campaign, step, variant)
    yield from check_words(step, variant)


@lru_cache(maxsize=1)
def spam_patterns() -> list[tuple[re.Pattern[str], str]]:
    """What filters count against a mail, and what to say of it, as `data/spam_patterns.txt` lists it."""
    lines = (Path(__file__).parent.parent / "data" / "spam_patterns.txt").read_text().splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return [(re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in pairs]


def check_words(step: Step, variant: Variant) -> Iterator[Finding]:
    """Phrases, shouting and punctuation that filters count against a mail."""
    for field, label, html in FIELDS:
        text = visible_text(getattr(variant, field), html=html)
        letters = [letter for letter in text if letter.isalpha()]
        if field == "subject" and len(letters) > 9 and all(letter.isupper() for letter in letters):
            yield Finding(
                "warning", field, f"{label}: all in capitals.", "Filters take shouting for spam.", step.position
            )
        for pattern, advice in spam_patterns():
            if found := pattern.search(text):
                reason = f"{label}: filters count “{found[0].strip()[:60]}” against a mail."
                yield Finding("warning", field, reason, advice, step.position)


def visible_text(source: str, *, html: bool) -> str:
    """What a reader would see of a template, without its Liquid; what cannot be read is left as it is."""
    visible = LIQUID.sub("", source)
    if html:
        try:
            return html_to_text(visible)
        except RenderError:  # the mails' own text says so, lead by lead
            return ""
    return visible


def placeholders(source: str, *, html: bool) -> list[str]:
    """What looks left over in the text that a reader would see."""
    visible = visible_text(source, html=html)
    return sorted({found[0] for found in PLACEHOLDER.finditer(visible)})[:MOST_REASONS]


# A variant's templates: attribute, what people call it, whether it is HTML.
FIELDS = (("subject", "Subject", False), ("body_html", "HTML", True), ("body_text", "Plain text", False))


def field_problems(organisation: Organisation, source: str, *, html: bool) -> list[str]:
    """What is wrong with one template: its snippets, its syntax with the line, and fields that no lead of the organisation
    has. Lines are counted with the snippets in place.
    """
    try:
        source = expand(source, pieces_for(organisation.pk, [source]), html=html)
    except RenderError as error:
        return [str(error)]
    problems = check_template(source, html=html)
    if problems or not source:
        return problems
    names = set(used_names(source, html=html))
    allowed = allowed_names(custom_fields(organisation))
    if unknown := names - allowed:
        allowed |= known_fields(organisation, sorted(unknown))
    return check_template(source, html=html, allowed=allowed)


def check_html(step: Step, html: str) -> Iterator[Finding]:
    for target in list(dict.fromkeys(links(html)))[:200]:
        if problem := link_problem(target):
            fix = "Write the whole address, with https://."
            yield Finding("warning", "body_html", f"HTML: {problem}", fix, step.position)
    for what in dropped(html):
        reason = f"HTML: mail programs drop {what}, and filters take mails with it for dangerous."
        yield Finding("warning", "body_html", reason, "Take it out; link to a page that has it.", step.position)
    if silent := sum(not ALT.search(found[0]) for found in IMAGE.finditer(html)):
        reason = f"HTML: {counted(silent, 'image')} without a text in place of it (alt)."
        fix = 'Write alt="…": most programs show no images at first, and screen readers never do.'
        yield Finding("warning", "body_html", reason, fix, step.position)
    if (size := len(html.encode())) > CLIPPED_AT:
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
