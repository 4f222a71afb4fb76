"""What an organisation keeps to write with: snippets, which mails take in by name, and templates, which mails begin as.

In: what was typed, checked by its form. What may fail: a name that is taken, and a change to a snippet that would leave the
mails of a live campaign without it (`BadValue`).
"""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Organisation, User
from campaigns.activity import note
from campaigns.errors import BadValue
from campaigns.guards import LIVE, needed_by
from campaigns.models import Campaign, MailTemplate, Snippet
from ecrm.text import clean

# How many templates are offered to choose from, and how many snippets as buttons.
MOST_OFFERED = 500
MOST_CHIPS = 40
Kept = Snippet | MailTemplate


def save(row: Kept, values: Mapping[str, str], by: User) -> None:
    """Write a new or a changed one; raises BadValue. What changes in a snippet reaches every mail that is still to come."""
    before = row.name
    if isinstance(row, Snippet) and row.pk and values["name"] != before:
        refuse_if_needed(row, "name", "Another name would leave its mails without it")
    for name, value in values.items():
        setattr(row, name, clean(value))
    try:
        with transaction.atomic():
            row.save()
            if isinstance(row, Snippet):
                tell(row, by)
    except IntegrityError as error:
        row.name = before
        raise BadValue("name", "There is one with this name already. Choose another.") from error


def delete(row: Kept) -> None:
    """Raises BadValue where mails of a live campaign need it."""
    if isinstance(row, Snippet):
        refuse_if_needed(row, "", "It cannot be deleted")
    row.delete()


def users_of(snippet: Snippet) -> list[Campaign]:
    """The campaigns whose mails take the snippet in, the newest first."""
    # Names hold nothing that a regular expression reads in its own way (a SlugField).
    tag = rf"""\{{%-?\s*snippet\s+["']{snippet.name}["']\s*-?%\}}"""
    named = Q(steps__variants__body_html__regex=tag) | Q(steps__variants__body_text__regex=tag)
    mine = Campaign.objects.filter(named, organisation_id=snippet.organisation_id)
    return list(mine.distinct().order_by("-pk"))


def refuse_if_needed(snippet: Snippet, field: str, what: str) -> None:
    used = needed_by(Campaign.objects.filter(pk__in=[campaign.pk for campaign in users_of(snippet)]))
    if used:
        raise BadValue(field, f"{what}: {used} still sends it. Take it out there first.")


def tell(snippet: Snippet, by: User) -> None:
    """Write into the log of each live campaign that a part of its mails changed."""
    for campaign in users_of(snippet):
        if campaign.state in LIVE:
            note(campaign, "edited", f"Changed the snippet “{snippet.name}”.", by=by)


def snippet_names(organisation: Organisation) -> list[str]:
    """Those that the picker offers."""
    return list(
        Snippet.objects.filter(organisation=organisation).order_by("name").values_list("name", flat=True)[:MOST_CHIPS]
    )


def template_of(organisation: Organisation, pk: int) -> MailTemplate | None:
    return MailTemplate.objects.filter(organisation=organisation, pk=pk).first()


def template_choices(organisation: Organisation) -> list[tuple[int, str]]:
    """The templates that a mail can begin as: id and name."""
    return list(
        MailTemplate.objects.filter(organisation=organisation).order_by("name").values_list("pk", "name")[:MOST_OFFERED]
    )
