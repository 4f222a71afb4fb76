"""The pages of snippets and of templates."""

import pytest

from accounts.models import Organisation
from campaigns.editing import update_campaign
from campaigns.models import Campaign, CampaignState, MailTemplate, Snippet
from campaigns.wording import StepContent
from tests.conftest import Browser

SNIPPETS, TEMPLATES = "/o/acme/campaigns/snippets/", "/o/acme/campaigns/templates/"


def body(html: str = "<p>Bye, {{ first_name }}</p>", **more: str) -> dict[str, str]:
    return {"name": "bye", "body_html": html, "body_text": "", **more}


@pytest.fixture
def bye(acme: Organisation) -> Snippet:
    return Snippet.objects.create(organisation=acme, name="bye", body_html="<p>Bye</p>")


def test_a_snippet_is_written_found_changed_and_deleted(as_alice: Browser) -> None:
    assert f'href="{SNIPPETS}new/"' in as_alice.get(SNIPPETS).content.decode()
    response = as_alice.post(f"{SNIPPETS}new/", body())
    assert response["HX-Location"] == SNIPPETS
    bye = Snippet.objects.get()
    assert ">bye<" in as_alice.get(f"{SNIPPETS}?q=By").content.decode()
    assert ">bye<" not in as_alice.get(f"{SNIPPETS}?q=hello").content.decode()
    assert "Bye, {{ first_name }}" in as_alice.get(f"{SNIPPETS}{bye.pk}/").content.decode()
    as_alice.post(f"{SNIPPETS}{bye.pk}/", body("<p>Ciao</p>", name="ciao"))
    bye.refresh_from_db()
    assert (bye.name, bye.body_html) == ("ciao", "<p>Ciao</p>")
    as_alice.post(f"{SNIPPETS}{bye.pk}/delete/")
    assert not Snippet.objects.exists()


def test_a_template_is_a_whole_mail(as_alice: Browser) -> None:
    as_alice.post(f"{TEMPLATES}new/", body(name="First mail", subject="Hello"))
    template = MailTemplate.objects.get()
    assert template.subject == "Hello"
    assert "First mail" in as_alice.get(TEMPLATES).content.decode()
    as_alice.post(f"{TEMPLATES}{template.pk}/delete/")
    assert not MailTemplate.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (body(name="two words"), "name"),
        (body(name=""), "name"),
        (body("", name="new"), "body_html"),
        (body("{% if %}", name="new"), "body_html"),
        (body("{{ nobody_has_this }}", name="new"), "body_html"),
        (body('{% snippet "none" %}', name="new"), "body_html"),
        (body('{% snippet "self" %}', name="self"), "body_html"),
        (body("x", name="bye"), "name"),
    ],
)
def test_what_cannot_be_kept_is_told_at_its_field(
    as_alice: Browser, bye: Snippet, typed: dict[str, str], field: str
) -> None:
    response = as_alice.post(f"{SNIPPETS}new/", typed)
    assert response.status_code == 422
    assert response.context["form"].errors[field]
    assert response.context["form"]["body_html"].value() == typed["body_html"]
    assert Snippet.objects.count() == 1


def test_who_uses_a_snippet_is_shown_and_keeps_it(as_alice: Browser, campaign: Campaign, bye: Snippet) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", '{% snippet "bye" %}')]})
    Campaign.objects.update(state=CampaignState.RUNNING)
    assert "Spring" in as_alice.get(f"{SNIPPETS}{bye.pk}/").content.decode()
    response = as_alice.post(f"{SNIPPETS}{bye.pk}/delete/")
    assert "is used in" in response["HX-Trigger"]
    assert Snippet.objects.exists()


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, bye: Snippet) -> None:
    assert "bye" in as_vera.get(SNIPPETS).content.decode()
    assert "Save" not in as_vera.get(f"{SNIPPETS}{bye.pk}/").content.decode()
    for path in (f"{SNIPPETS}new/", f"{SNIPPETS}{bye.pk}/", f"{SNIPPETS}{bye.pk}/delete/"):
        assert as_vera.post(path, body()).status_code == 403
    assert as_vera.get(f"{SNIPPETS}new/").status_code == 403


def test_a_stranger_finds_nothing(as_charlie: Browser, strangers: Campaign, bye: Snippet) -> None:
    for org in ("acme", "other"):
        one = f"/o/{org}/campaigns/snippets/{bye.pk}/"
        assert as_charlie.get(one).status_code == 404
        assert as_charlie.post(one, body()).status_code == 404
        assert as_charlie.post(f"{one}delete/").status_code == 404
    assert "bye" not in as_charlie.get("/o/other/campaigns/snippets/").content.decode()
