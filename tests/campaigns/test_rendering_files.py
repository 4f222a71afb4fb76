"""Mails with attachments and images in their text, read back by the standard library; encoded once, within a bound."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.files.keeping import add_file
from campaigns.models import Campaign, MailFile, Variant
from campaigns.rendering import Renderer, RenderError
from campaigns.rendering.content import contents
from campaigns.rendering.files import Cupboard, EncodedFile, cupboard, encoded
from leads.models import Lead
from senders.models import Sender
from tests.campaigns.launching import Launcher
from tracking.tokens import Mark

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3
MARK = Mark(7, 1001, 42)


@pytest.fixture
def files(acme: Organisation) -> tuple[MailFile, MailFile]:
    """A price list, and a picture."""
    return add_file(acme, None, "Preise für 2027.pdf", b"%PDF-1.7" + bytes(500)), add_file(acme, None, "a.png", PNG)


def shown(picture: MailFile) -> str:
    return f'<p>Hi {{{{ first_name }}}}</p><img src="cid:{picture.content_id}" alt="x">'


def renderer(variant: Variant, sender: Sender, campaign: Campaign) -> Renderer:
    return Renderer(campaign, variant, sender, campaign.organisation)


def read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert data.count(b"\n") == data.count(b"\r\n")
    return message


def shape(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def person(campaign: Campaign) -> Lead:
    return Lead.objects.get(organisation=campaign.organisation, email="grace@example.com")


def test_an_attachment_stands_beside_the_mail(
    variant: Variant, sender: Sender, campaign: Campaign, files: tuple[MailFile, MailFile]
) -> None:
    variant.files = [files[0].pk]
    message = read(renderer(variant, sender, campaign).mail(person(campaign), MARK, "a@acme.example"))
    assert shape(message) == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "Preise für 2027.pdf"
    assert attached.get_content() == bytes(files[0].data)


def test_an_image_belongs_to_the_html_that_shows_it(
    variant: Variant, sender: Sender, campaign: Campaign, files: tuple[MailFile, MailFile]
) -> None:
    pdf, picture = files
    variant.body_html, variant.files = shown(picture), [pdf.pk]
    message = read(renderer(variant, sender, campaign).mail(person(campaign), MARK, "a@acme.example"))
    related = ["multipart/related", "text/html", "image/png"]
    assert shape(message) == ["multipart/mixed", "multipart/alternative", "text/plain", *related, "application/pdf"]
    image = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert image["Content-ID"] == f"<{picture.content_id}>"
    assert image["Content-Disposition"].content_disposition == "inline"
    assert image.get_payload(decode=True) == PNG


def test_a_mail_of_plain_text_alone_has_attachments_too(
    variant: Variant, sender: Sender, campaign: Campaign, files: tuple[MailFile, MailFile]
) -> None:
    variant.body_html, variant.body_text, variant.files = "", "Hi", [files[0].pk]
    message = read(renderer(variant, sender, campaign).mail(person(campaign), MARK, "a@acme.example"))
    assert shape(message) == ["multipart/mixed", "text/plain", "application/pdf"]


def test_the_prepared_mail_carries_the_same(
    variant: Variant, sender: Sender, campaign: Campaign, files: tuple[MailFile, MailFile]
) -> None:
    variant.body_html, variant.files = shown(files[1]), [files[0].pk]
    made = renderer(variant, sender, campaign)
    whole, prepared = (read(made.mail(person(campaign), MARK, "a@acme.example")) for _ in range(2))
    assert made.prepared() is not None
    pairs = zip(whole.walk(), prepared.walk(), strict=True)
    assert all(one.get_payload(decode=True) == other.get_payload(decode=True) for one, other in pairs)


def test_a_file_is_read_and_encoded_once(variant: Variant, files: tuple[MailFile, MailFile]) -> None:
    cupboard.files.clear()
    cupboard.size = 0
    variant.files = [files[0].pk]
    contents([variant])
    with CaptureQueriesContext(connection) as asked:
        (again,) = contents([variant])
    assert len(asked) == 1
    assert '"data"' not in asked[0]["sql"]
    assert again.attached[0] is cupboard.get(files[0].pk)


def test_without_files_and_snippets_nothing_is_asked(variant: Variant) -> None:
    with CaptureQueriesContext(connection) as asked:
        contents([variant])
    assert len(asked) == 0


def test_what_is_kept_of_files_is_bounded() -> None:
    kept = Cupboard(100)
    files = [EncodedFile("a", 1, "", "", b"", b"", bytes(size)) for size in (40, 40, 40, 101)]
    for pk, file in enumerate(files):
        kept.put(pk, file)
        kept.get(0)
    assert (set(kept.files), kept.size) == ({0, 2}, 80)
    assert kept.get(3) is None


def test_text_says_its_charset(acme: Organisation) -> None:
    assert b'charset="utf-8"' in encoded(add_file(acme, None, "a.txt", "ä".encode())).as_attachment


def test_a_deleted_file_and_somebody_elses_fail_the_mail_in_words(
    variant: Variant, sender: Sender, campaign: Campaign, charlie: User
) -> None:
    theirs = add_file(charlie.organisations.get(), None, "a.png", PNG)
    for variant.files, variant.body_html in (([999], "<p>x</p>"), ([theirs.pk], "<p>x</p>"), ([], shown(theirs))):
        with pytest.raises(RenderError, match="deleted"):
            renderer(variant, sender, campaign).mail(person(campaign), MARK, "a@acme.example")


@pytest.mark.django_db(transaction=True)
def test_the_engine_sends_them(launcher: Launcher, files: tuple[MailFile, MailFile]) -> None:
    campaign = launcher.draft(leads=2)
    Variant.objects.filter(step__campaign=campaign).update(files=[files[0].pk], body_html=shown(files[1]))
    launcher.go(campaign)
    engine.drain(campaign.senders.get().pk)
    assert len(launcher.server.mails) == 2
    for mail in launcher.server.mails:
        assert shape(read(mail.data))[-2:] == ["image/png", "application/pdf"]
