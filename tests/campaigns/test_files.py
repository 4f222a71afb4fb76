"""Files are what their bytes say, what mail servers refuse is refused with a reason, and what is used is not deleted."""

import base64
import io
import zipfile
from collections.abc import Mapping

import pytest

from accounts.models import Organisation, User
from campaigns.editing import clone_campaign, update_campaign
from campaigns.errors import BadValue
from campaigns.files import keeping
from campaigns.files.keeping import BadFile, add_file, delete_file, fit_name, used_in
from campaigns.files.kinds import content_type_of
from campaigns.files.refusing import why_refused
from campaigns.files.sizes import MOST_IN_FILE, MOST_IN_MAIL, on_wire
from campaigns.models import Campaign, MailFile, Snippet, Variant
from campaigns.services import start_campaign, stop_campaign
from campaigns.wording import StepContent, VariantContent, sequence_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PDF = b"%PDF-1.7\n"


def archive(entries: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, text in entries.items():
            file.writestr(name, text)
    return made.getvalue()


DOCX = archive({"[Content_Types].xml": "<a/>", "word/document.xml": "<a/>"})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (PDF, "application/pdf"),
        (DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (archive({"a.txt": "x"}), "application/zip"),
        (
            archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}),
            "application/vnd.oasis.opendocument.text",
        ),
        (b"PK\x03\x04 torn", "application/zip"),
        ("Grüße".encode(), "text/plain"),
        (b"BEGIN:VCALENDAR\r\n", "text/calendar"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>", "text/html"),
        (b"<svg xmlns='x'/>", "image/svg+xml"),
        (b"\xfe\xfe\0", "application/octet-stream"),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, kind: str) -> None:
    assert content_type_of(data) == kind


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("setup.EXE", b"x", ".exe"),
        ("invoice.pdf.js. ", b"x", ".js"),
        ("photo.png", b"MZ\x90", "a program"),
        ("photo.png", b"#!/bin/sh", "a program"),
        ("all.rar", b"Rar!\x1a\x07\0", "cannot look into"),
        ("all.zip", archive({"folder/run.bat": "x"}), "run.bat"),
        ("sheet.xlsm", archive({"xl/vbaProject.bin": "x"}), "macros"),
        ("torn.zip", b"PK\x03\x04torn", "cannot be read"),
        ("price list.pdf", PDF, ""),
        ("letter.docx", DOCX, ""),
        ("README", b"x", ""),
    ],
)
def test_what_mail_servers_refuse_is_refused_with_a_reason(name: str, data: bytes, said: str) -> None:
    reason = why_refused(name, data)
    assert said in reason
    assert bool(reason) == bool(said)


def test_a_password_on_an_archive_is_seen() -> None:
    data = bytearray(archive({"a.txt": "x"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "password" in why_refused("a.zip", bytes(data))


def test_names_fit_any_disk_and_keep_their_ends() -> None:
    assert fit_name('../a\0b:"c".pdf') == "ab c .pdf"
    assert fit_name("") == "file"
    assert fit_name("x" * 300 + ".pdf").endswith(".pdf")
    assert len(fit_name("x" * 300 + ".pdf")) <= 150


def test_the_same_file_is_kept_once_and_for_each_organisation(acme: Organisation, alice: User, charlie: User) -> None:
    first = add_file(acme, alice, "a.pdf", PDF)
    assert add_file(acme, alice, "a.pdf", PDF) == first
    assert add_file(acme, alice, "b.pdf", PDF) != first
    assert add_file(charlie.organisations.get(), charlie, "a.pdf", PDF) != first


@pytest.mark.parametrize("data", [b"", bytes(MOST_IN_FILE + 1)])
def test_nothing_and_too_much_are_refused(acme: Organisation, data: bytes) -> None:
    with pytest.raises(BadFile):
        add_file(acme, None, "a.txt", data)


def test_an_organisation_keeps_so_much_and_no_more(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_KEPT", 12)
    add_file(acme, None, "a.txt", b"123456789")
    with pytest.raises(BadFile, match="Delete some first"):
        add_file(acme, None, "b.txt", b"1234")


def attach(campaign: Campaign, *files: MailFile, html: str = "<p>x</p>") -> None:
    content = VariantContent("Hi", html, files=tuple(file.pk for file in files))
    update_campaign(campaign, {"steps": [StepContent(variants=(content,))]})


def test_attachments_go_with_a_copy_and_stay_where_nothing_is_said_of_them(
    acme: Organisation, alice: User, campaign: Campaign
) -> None:
    file = add_file(acme, alice, "a.pdf", PDF)
    attach(campaign, file)
    update_campaign(campaign, {"steps": [StepContent("Other", "<p>y</p>")]})
    (step,) = sequence_of(clone_campaign(campaign, alice))
    assert (step.wordings[0].subject, step.wordings[0].files) == ("Other", (file.pk,))
    attach(campaign)
    assert Variant.objects.get(step__campaign=campaign).files == []


def test_too_many_files_and_somebody_elses_are_not_attached(
    acme: Organisation, campaign: Campaign, charlie: User
) -> None:
    theirs = add_file(charlie.organisations.get(), charlie, "a.pdf", PDF)
    attach(campaign, theirs)
    assert Variant.objects.get(step__campaign=campaign).files == []
    files = [add_file(acme, None, f"{number}.txt", b"x") for number in range(11)]
    with pytest.raises(BadValue, match="10 attachments"):
        attach(campaign, *files)
    MailFile.objects.filter(pk=files[0].pk).update(size=MOST_IN_MAIL)
    with pytest.raises(BadValue, match="Link to the largest"):
        attach(campaign, *files[:2])


def test_what_mails_to_come_carry_is_not_deleted(acme: Organisation, alice: User, campaign: Campaign) -> None:
    attached, shown = add_file(acme, alice, "a.pdf", PDF), add_file(acme, alice, "a.png", PNG)
    attach(campaign, attached, html=f'<img src="cid:{shown.content_id}" alt="x">')
    for file in (attached, shown):
        with pytest.raises(BadFile, match="the campaign “Spring”"):
            delete_file(file)
    stop_campaign(start_campaign(campaign, alice))
    delete_file(attached)
    Snippet.objects.create(organisation=acme, name="logo", body_html=f'<img src="cid:{shown.content_id}">')
    assert used_in(shown) == ["the snippet “logo”"]


def test_a_files_size_on_the_wire_is_never_underrated() -> None:
    for size in (0, 1, 56, 57, 58, 1000, 99_999):
        assert len(base64.encodebytes(bytes(size)).replace(b"\n", b"\r\n")) <= on_wire(size)
