"""Whether the providers take a mail of this size, and whether what it carries is there."""

import pytest

from accounts.models import Organisation
from campaigns.files.keeping import add_file
from campaigns.models import Campaign, MailFile, Variant
from campaigns.preflight import preflight
from senders.models import Kind, Sender

MB = 1_000_000


@pytest.fixture
def file(acme: Organisation) -> MailFile:
    return add_file(acme, None, "a.pdf", b"%PDF-1.7")


def said(campaign: Campaign) -> list[tuple[str, str]]:
    return [(found.level, found.message) for found in preflight(campaign)]


@pytest.mark.parametrize(
    ("kind", "size", "level", "part"),
    [
        (Kind.SMTP, MB, "", ""),
        (Kind.SMTP, 3 * MB, "warning", "slow to send"),
        (Kind.GMAIL, 19 * MB, "error", "25.0 MB are the most that goes through Gmail"),
        (Kind.OUTLOOK, 2 * MB, "warning", "slow to send"),
        (Kind.OUTLOOK, 3 * MB, "error", "3.0 MB are the most that goes through Outlook"),
    ],
)
def test_what_a_provider_does_not_take_blocks(
    campaign: Campaign, variant: Variant, sender: Sender, file: MailFile, kind: Kind, size: int, level: str, part: str
) -> None:
    MailFile.objects.filter(pk=file.pk).update(size=size)
    Sender.objects.filter(pk=sender.pk).update(kind=kind)
    variant.body_html += f'<img src="cid:{file.content_id}" alt="x">'
    variant.save()
    found = said(campaign)
    assert [(one, part in message) for one, message in found] == ([(level, True)] if level else [])


def test_a_first_mail_with_an_attachment_and_one_that_is_gone_are_found(
    campaign: Campaign, variant: Variant, file: MailFile
) -> None:
    variant.files = [file.pk]
    variant.save()
    ((level, message),) = said(campaign)
    assert level == "warning"
    assert "attachment" in message
    MailFile.objects.all().delete()
    assert ("error", "A file of this mail was deleted.") in said(campaign)
