"""What a wording's mails carry: whether it is there, and whether the senders' providers take a mail of that size."""

from collections.abc import Iterator

from campaigns.files.keeping import files_of
from campaigns.files.sizes import HEAVY, MOST_ON_WIRE, mail_size, megabytes
from campaigns.models import Campaign, Step, Variant
from campaigns.preflight.finding import Finding
from campaigns.rendering.content import file_ids
from senders.models import Kind


def check_files(campaign: Campaign, step: Step, variant: Variant) -> Iterator[Finding]:
    at = step.position
    ids = file_ids(variant)
    if not ids:
        return
    sizes = {file.pk: file.size for file in files_of(campaign.organisation, ids)}
    if len(sizes) < len(ids):
        reason = "A file of this mail was deleted."
        yield Finding("error", "body_html", reason, "Attach it again, or take it out.", at)
    size = mail_size(variant.body_html, variant.body_text, sizes.values())
    yield from check_size(campaign, at, size)
    if at == 1 and variant.files:
        reason = "The first mail to people who do not know you has an attachment: many filters take that for spam."
        yield Finding("warning", "body_html", reason, "Send a link first, and the file once they have answered.", at)


def check_size(campaign: Campaign, at: int, size: int) -> Iterator[Finding]:
    """What a mail of so many bytes meets, for the providers of the campaign's senders."""
    kinds = list(campaign.senders.order_by("kind").values_list("kind", flat=True).distinct())
    small = [Kind(kind) for kind in kinds if size > MOST_ON_WIRE[Kind(kind)]]
    for kind in small:
        most = megabytes(MOST_ON_WIRE[kind])
        reason = f"The mail has {megabytes(size)} with its files; {most} are the most that goes through {kind.label}."
        yield Finding("error", "body_html", reason, "Link to the largest file instead of attaching it.", at)
    if size > HEAVY and not small:
        reason = f"The mail has {megabytes(size)} with its files, which makes it slow to send and to load."
        yield Finding("warning", "body_html", reason, "Link to the largest file instead of attaching it.", at)
