"""The pages of files, snippets and templates: for members to see, for managers to change, for strangers not there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation, User
from campaigns.files.keeping import add_file
from campaigns.files.sizes import MOST_IN_FILE
from campaigns.models import Campaign, MailFile, MailTemplate, Snippet, Variant
from tests.campaigns.editor import edit, form, page_form, step
from tests.conftest import Browser

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
BASE = "/o/acme/campaigns"


@pytest.fixture
def kept(acme: Organisation, alice: User) -> dict[str, Any]:
    """A picture, a snippet and a template of Acme's."""
    return {
        "files": add_file(acme, alice, "harbour.png", PNG),
        "snippets": Snippet.objects.create(organisation=acme, name="bye", body_html="<p>Bye</p>"),
        "templates": MailTemplate.objects.create(organisation=acme, name="First", subject="Hi", body_html="<p>Hi</p>"),
    }


def uploaded(name: str, data: bytes) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, data)}


@pytest.mark.parametrize("part", ["files", "snippets", "templates"])
def test_an_empty_page_leads_on_and_a_full_one_is_searched(as_vera: Browser, acme: Organisation, part: str) -> None:
    assert "yet" in as_vera.get(f"{BASE}/{part}/").content.decode()
    make: Callable[[str], object] = {
        "files": lambda name: add_file(acme, None, name, name.encode()),
        "snippets": lambda name: Snippet.objects.create(organisation=acme, name=name, body_html="<b>x</b>"),
        "templates": lambda name: MailTemplate.objects.create(organisation=acme, name=name),
    }[part]
    for number in range(51):
        make(f"one-{number:02}")
    assert len(as_vera.get(f"{BASE}/{part}/").context["page"]) == 50
    assert len(as_vera.get(f"{BASE}/{part}/?page=2").context["page"]) == 1
    (found,) = as_vera.get(f"{BASE}/{part}/?q=ONE-17").context["page"]
    assert found.name == "one-17"
    assert "fits" in as_vera.get(f"{BASE}/{part}/?q=none").content.decode()


@pytest.mark.parametrize("part", ["files", "snippets", "templates"])
def test_who_only_looks_changes_nothing_and_strangers_find_nothing(
    as_vera: Browser, as_charlie: Browser, kept: dict[str, Any], part: str
) -> None:
    one = f"{BASE}/{part}/{kept[part].pk}/"
    assert as_vera.get(one).status_code == 200
    assert as_vera.post(f"{one}delete/").status_code == 403
    theirs = one.replace("acme", "other")
    for response in (as_charlie.get(one), as_charlie.get(theirs), as_charlie.post(f"{theirs}delete/")):
        assert response.status_code == 404
    assert type(kept[part]).objects.filter(pk=kept[part].pk).exists()


@pytest.mark.parametrize("part", ["files", "snippets", "templates"])
def test_what_nothing_uses_is_deleted(as_alice: Browser, kept: dict[str, Any], part: str) -> None:
    response = as_alice.post(f"{BASE}/{part}/{kept[part].pk}/delete/")
    assert "is deleted" in response["HX-Trigger"]
    assert not type(kept[part]).objects.exists()


def test_what_is_used_stays_and_the_toast_says_where(as_alice: Browser, variant: Variant, kept: dict[str, Any]) -> None:
    variant.body_html, variant.files = "{% snippet 'bye' %}", [kept["files"].pk]
    variant.save()
    for part in ("files", "snippets"):
        response = as_alice.post(f"{BASE}/{part}/{kept[part].pk}/delete/")
        assert "Spring" in response["HX-Trigger"]
        assert type(kept[part]).objects.exists()


def test_a_file_is_uploaded_by_a_manager_on_the_page_and_from_the_editor(as_alice: Browser, as_vera: Browser) -> None:
    assert as_alice.post(f"{BASE}/files/", uploaded("a.txt", b"x")).status_code == 204
    chip = as_alice.post(f"{BASE}/files/add/", uploaded("<b>.png", PNG)).content.decode()
    file = MailFile.objects.get(content_type="image/png")
    assert f'data-file="{file.pk}"' in chip
    assert f"cid:{file.content_id}" in chip
    assert "<b>" not in chip
    assert as_vera.post(f"{BASE}/files/add/", uploaded("a.txt", b"y")).status_code == 403


@pytest.mark.parametrize(
    ("sent", "said"),
    [(("run.exe", b"MZ"), ".exe"), (("a.txt", b""), "empty"), (("a.txt", bytes(MOST_IN_FILE + 1)), "at most")],
)
def test_a_file_that_no_mail_can_carry_is_refused_with_a_reason(
    as_alice: Browser, sent: tuple[str, bytes], said: str
) -> None:
    for path in ("files/", "files/add/"):
        response = as_alice.post(f"{BASE}/{path}", uploaded(*sent))
        assert response.status_code == 422
        assert said.replace("at most", "are the most") in response.content.decode()
    assert as_alice.post(f"{BASE}/files/").status_code == 422
    assert not MailFile.objects.exists()


def test_a_file_comes_back_as_a_download_that_no_browser_runs(as_vera: Browser, acme: Organisation) -> None:
    page = add_file(acme, None, "page ä.html", b"<html><script>alert(1)</script>")
    response = as_vera.get(f"{BASE}/files/{page.pk}/")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_snippet_is_written_and_what_is_wrong_stands_at_its_field(as_alice: Browser) -> None:
    sent = {"name": "bye", "body_html": "<p>Bye {{ frist_name }}</p>", "body_text": ""}
    response = as_alice.post(f"{BASE}/snippets/new/", sent)
    assert response.status_code == 422
    assert "There is no field frist_name" in response.context["form"].errors["body_html"][0]
    assert "Bye {{ frist_name }}" in response.content.decode()
    assert "name" in as_alice.post(f"{BASE}/snippets/new/", sent | {"name": "Über uns"}).context["form"].errors
    assert as_alice.post(f"{BASE}/snippets/new/", sent | {"body_html": "<p>Bye</p>"}).status_code == 204
    snippet = Snippet.objects.get()
    assert as_alice.post(f"{BASE}/snippets/{snippet.pk}/", sent | {"body_html": "Ciao"}).status_code == 204
    assert Snippet.objects.get().body_html == "Ciao"


def test_a_template_is_written_with_its_files(as_alice: Browser, kept: dict[str, Any]) -> None:
    sent = {"name": "First", "subject": "Hi", "body_html": "<p>x</p>", "body_text": "", "files": str(kept["files"].pk)}
    twice = as_alice.post(f"{BASE}/templates/new/", sent)
    assert twice.status_code == 422
    assert "harbour.png" in twice.content.decode()
    assert as_alice.post(f"{BASE}/templates/new/", sent | {"name": "Second"}).status_code == 204
    assert MailTemplate.objects.get(name="Second").files == [kept["files"].pk]


def test_a_variant_is_kept_as_a_template_and_begun_with_one(
    as_alice: Browser, as_charlie: Browser, campaign: Campaign, kept: dict[str, Any]
) -> None:
    sent = form(step("Hi", {"subject": "Hello", "body_html": "<p>B</p>", "files": f"{kept['files'].pk} x 0"}))
    response = as_alice.post(f"{BASE}/templates/keep/?from=steps-0-variants-1", sent)
    assert "Kept as the template" in response["HX-Trigger"]
    made = MailTemplate.objects.get(name="Hello")
    assert "harbour.png" in as_alice.get(f"{BASE}/files/choose/").content.decode()
    assert "Hello" in as_alice.get(f"{BASE}/templates/choose/").content.decode()
    found = as_alice.get(f"{BASE}/templates/{made.pk}/use/").json()
    assert (found["subject"], found["body_html"], len(found["files"])) == ("Hello", "<p>B</p>", 1)
    assert as_charlie.get(f"/o/other/campaigns/templates/{made.pk}/use/").status_code == 404
    broken = form(step("{{ frist_name }}"))
    assert "Not kept" in as_alice.post(f"{BASE}/templates/keep/?from=steps-0-variants-0", broken)["HX-Trigger"]


def test_attachments_are_kept_while_steps_come_and_go(
    as_alice: Browser, campaign: Campaign, kept: dict[str, Any]
) -> None:
    pk = kept["files"].pk
    sent = page_form(as_alice.get(edit(campaign)).context) | {"steps-0-variants-0-files": str(pk)}
    shaped = as_alice.post(f"{edit(campaign)}shape/", sent | {"do": "copy-0"})
    assert shaped.content.decode().count(f'data-file="{pk}"') == 2
    assert as_alice.post(edit(campaign), sent).status_code == 204
    assert Variant.objects.get(step__campaign=campaign).files == [pk]
    preview = as_alice.get(f"{BASE}/{campaign.pk}/preview/").content.decode()
    assert "harbour.png" in preview
    many = sent | {"steps-0-variants-0-files": " ".join(map(str, range(pk, pk + 11)))}
    assert as_alice.post(edit(campaign), many).status_code == 422


def test_the_preview_shows_our_images(as_alice: Browser, campaign: Campaign, kept: dict[str, Any]) -> None:
    html = f'<p>x</p><img src="cid:{kept["files"].content_id}" alt="x">'
    Variant.objects.filter(step__campaign=campaign).update(body_html=html)
    page = as_alice.get(f"{BASE}/{campaign.pk}/preview.html").content.decode()
    assert 'src="data:image/png;base64,' in page
    assert "cid:" not in page


def test_the_plain_text_is_made_while_somebody_writes(
    as_alice: Browser, as_charlie: Browser, kept: dict[str, Any]
) -> None:
    sent = {"body_html": '<p>Hi {{ first_name }}</p>{% snippet "bye" %}'}
    assert as_alice.post(f"{BASE}/text/", sent).content == b"Hi {{ first_name }}\n\nBye"
    assert as_charlie.post(f"{BASE}/text/", sent).status_code == 404
    refused = as_alice.post(f"{BASE}/text/", {"body_html": "{% snippet 'gone' %}"})
    assert (refused.status_code, refused.content) == (422, b"There is no snippet gone.")
    assert as_alice.get(f"{BASE}/text/").status_code == 405


def test_the_page_of_the_visual_mode_can_do_nothing(as_alice: Browser) -> None:
    response = as_alice.navigate("/canvas/")
    assert response.status_code == 200
    assert response["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    )
    assert b"<script" not in response.content
