"""Files are taken in, found, and deleted where nothing uses them."""

import hashlib
import re
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, Sum

from accounts.models import Organisation, User
from campaigns.files.kinds import content_type_of
from campaigns.files.refusing import why_refused
from campaigns.files.sizes import MOST_IN_FILE, MOST_IN_MAIL, megabytes
from campaigns.models import ENDED, MailFile, MailTemplate, Snippet, Variant
from ecrm.text import clean

MOST_ATTACHED = 10
MOST_KEPT = 200_000_000  # bytes of an organisation's files
LONGEST_NAME = 150
# What file systems and mail headers have no place for.
UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


class BadFile(Exception):
    """A file that cannot be kept, or not be deleted; its text says why."""


def add_file(organisation: Organisation, by: User | None, name: str, data: bytes) -> MailFile:
    """Keep a file, or find the same one that is kept already; raises BadFile."""
    name = fit_name(name)
    refuse(organisation, name, data)
    digest = hashlib.sha256(data).digest()
    values = {"content_type": content_type_of(data), "size": len(data), "data": data, "created_by": by}
    found, _ = MailFile.objects.get_or_create(organisation=organisation, digest=digest, name=name, defaults=values)
    return found


def refuse(organisation: Organisation, name: str, data: bytes) -> None:
    """Raise BadFile for what no mail may carry."""
    if not data:
        raise BadFile(f"{name} is empty.")
    if len(data) > MOST_IN_FILE:
        raise BadFile(f"{name} has {megabytes(len(data))}; {megabytes(MOST_IN_FILE)} are the most. Link to it instead.")
    if reason := why_refused(name, data):
        raise BadFile(f"{name}: {reason}")
    kept = organisation.mail_files.aggregate(all=Sum("size"))["all"] or 0
    if kept + len(data) > MOST_KEPT:
        raise BadFile(f"Your files have {megabytes(kept)}; {megabytes(MOST_KEPT)} are the most. Delete some first.")


def fit_name(name: str) -> str:
    """A name that any mail program and disk takes, its end kept."""
    name = UNFIT.sub(" ", clean(name)).strip(" .") or "file"
    stem, dot, end = name.rpartition(".")
    return name if len(name) <= LONGEST_NAME else f"{(stem or end)[: LONGEST_NAME - 12]}{dot}{end[:11]}"


def files_of(organisation: Organisation, ids: Sequence[int]) -> list[MailFile]:
    """The organisation's files with these ids, in this order and without their bytes; what is not there is left out."""
    found = organisation.mail_files.defer("data").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def used_in(file: MailFile) -> list[str]:
    """What mails could still carry the file: names for people."""
    ours = Q(files__contains=[file.pk]) | Q(body_html__contains=f"cid:{file.content_id}")
    variants = Variant.objects.filter(ours, organisation=file.organisation_id)
    campaigns = variants.exclude(step__campaign__state__in=ENDED).values_list("step__campaign__name", flat=True)
    templates = MailTemplate.objects.filter(ours, organisation=file.organisation_id).values_list("name", flat=True)
    snippets = Snippet.objects.filter(
        organisation=file.organisation_id, body_html__contains=f"cid:{file.content_id}"
    ).values_list("name", flat=True)
    return [
        *(f"the campaign “{name}”" for name in campaigns.order_by("step__campaign__name").distinct()[:5]),
        *(f"the template “{name}”" for name in templates[:5]),
        *(f"the snippet “{name}”" for name in snippets[:5]),
    ]


def delete_file(file: MailFile) -> None:
    """Delete a file that no mail to come carries; raises BadFile."""
    with transaction.atomic():
        MailFile.objects.select_for_update().only("pk").filter(pk=file.pk).first()
        if uses := used_in(file):
            raise BadFile(f"{file.name} is used in {uses[0]}: take it out there first.")
        MailFile.objects.filter(pk=file.pk).delete()


def fit_files(organisation: Organisation, ids: Sequence[int]) -> list[int]:
    """These ids, once each, as a mail may carry them; raises BadFile. Nobody deletes one until the caller's transaction
    ends.
    """
    ids = list(dict.fromkeys(ids))
    if len(ids) > MOST_ATTACHED:
        raise BadFile(f"A mail has {MOST_ATTACHED} attachments at the most.")
    held = organisation.mail_files.select_for_update().filter(pk__in=ids)
    sizes = dict(held.values_list("pk", "size")) if ids else {}
    if sum(sizes.values()) > MOST_IN_MAIL:
        raise BadFile(
            f"The attachments of a mail have {megabytes(MOST_IN_MAIL)} at the most. Link to the largest instead."
        )
    return [pk for pk in ids if pk in sizes]
