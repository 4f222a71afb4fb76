"""Snippets and whole mails that an organisation keeps to write campaigns with."""

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.models import Organisation, User
from campaigns.activity import note
from campaigns.audience import LIVE
from campaigns.errors import BadValue
from campaigns.files.keeping import BadFile, fit_files
from campaigns.models import ENDED, Campaign, MailTemplate, Snippet, Variant
from campaigns.preflight import FIELDS, field_problems
from campaigns.rendering import RenderError
from campaigns.rendering.snippets import as_piece, expand, pieces_for
from ecrm.text import clean

MOST_SNIPPETS = 500
MOST_TEMPLATES = 500
UNTITLED = "Untitled"


def save_snippet(snippet: Snippet, name: str, body_html: str, body_text: str, by: User | None = None) -> None:
    """Keep a snippet, new or changed; mails to come say what it says now. Raises BadValue (name, body_html, body_text)."""
    before, organisation = snippet.name, snippet.organisation
    if before and name != before and (uses := uses_of_snippet(snippet)):
        raise BadValue("name", f"It is used in {uses[0]} under its name; make a new snippet instead.")
    if not snippet.pk and organisation.snippets.count() >= MOST_SNIPPETS:
        raise BadValue("name", f"There are {MOST_SNIPPETS} snippets already; delete some first.")
    snippet.name, snippet.body_html, snippet.body_text = name, clean(body_html), clean(body_text)
    check_snippet(snippet)
    try:
        with transaction.atomic():
            snippet.save()
            for campaign in campaigns_with(snippet).filter(state__in=LIVE):
                note(campaign, "edited", f"Changed the snippet {name}, which its mails take in.", by=by)
    except IntegrityError as error:
        raise BadValue("name", "There is a snippet of this name already.") from error


def check_snippet(snippet: Snippet) -> None:
    """Raise BadValue for a snippet that no mail could be made with."""
    if not snippet.body_html.strip() and not snippet.body_text.strip():
        raise BadValue("body_html", "Write something.")
    try:
        own = as_piece(snippet.body_html, snippet.body_text)
    except RenderError as error:
        raise BadValue("body_html", str(error)) from error
    pieces = pieces_for(snippet.organisation_id, own) | {snippet.name: own}
    for field, source, html in (("body_html", own.html, True), ("body_text", own.text, False)):
        try:
            whole = expand(source, pieces, html=html)
        except RenderError as error:
            raise BadValue(field, str(error)) from error
        if problems := field_problems(snippet.organisation, whole, html=html):
            raise BadValue(field if getattr(snippet, field) else "body_html", problems[0])


def takes_in(snippet: Snippet) -> Q:
    """Templates that name the snippet; its name has no sign that means anything in a pattern."""
    pattern = rf"snippet\s+[\"']{snippet.name}[\"']"
    return Q(body_html__regex=pattern) | Q(body_text__regex=pattern)


def campaigns_with(snippet: Snippet) -> QuerySet[Campaign]:
    variants = Variant.objects.filter(takes_in(snippet), organisation=snippet.organisation_id)
    return Campaign.objects.filter(steps__variants__in=variants).exclude(state__in=ENDED).distinct().order_by("name")


def uses_of_snippet(snippet: Snippet) -> list[str]:
    """What takes the snippet in, but for campaigns that have ended: names for people."""
    organisation = snippet.organisation_id
    others = Snippet.objects.filter(takes_in(snippet), organisation=organisation).exclude(pk=snippet.pk)
    templates = MailTemplate.objects.filter(takes_in(snippet), organisation=organisation)
    return [
        *(f"the campaign “{campaign.name}”" for campaign in campaigns_with(snippet)[:10]),
        *(f"the template “{found.name}”" for found in templates[:10]),
        *(f"the snippet “{found.name}”" for found in others[:10]),
    ]


def delete_snippet(snippet: Snippet) -> None:
    """Raises BadValue where something takes it in."""
    if uses := uses_of_snippet(snippet):
        raise BadValue("name", f"{snippet.name} is used in {uses[0]}: take it out there first.")
    snippet.delete()


def save_template(
    template: MailTemplate, name: str, subject: str, body_html: str, body_text: str, files: Sequence[int] = ()
) -> None:
    """Keep a whole mail, new or changed; raises BadValue."""
    if not template.pk and template.organisation.mail_templates.count() >= MOST_TEMPLATES:
        raise BadValue("name", f"There are {MOST_TEMPLATES} templates already; delete some first.")
    template.name, template.subject = clean(name).strip()[:100], clean(subject)
    template.body_html, template.body_text = clean(body_html), clean(body_text)
    for field, _, html in FIELDS:
        for problem in field_problems(template.organisation, getattr(template, field), html=html):
            raise BadValue(field, problem)
    try:
        with transaction.atomic():
            template.files = fit_files(template.organisation, files)
            template.save()
    except BadFile as error:
        raise BadValue("files", str(error)) from error
    except IntegrityError as error:
        raise BadValue("name", "There is a template of this name already.") from error


def free_name(organisation: Organisation, wanted: str) -> str:
    """A name for a template that none has yet: `wanted`, or with a number behind it."""
    wanted = clean(wanted).strip()[:90] or UNTITLED
    taken = set(organisation.mail_templates.filter(name__startswith=wanted).values_list("name", flat=True))
    return wanted if wanted not in taken else f"{wanted} ({first_free(wanted, taken)})"


def first_free(wanted: str, taken: Iterable[str]) -> int:
    names = set(taken)
    return next(number for number in range(2, len(names) + 3) if f"{wanted} ({number})" not in names)
