"""In the sequence editor: begin from a template, keep a wording as one, insert a snippet."""

import pytest

from accounts.models import Organisation
from campaigns.models import Campaign, MailTemplate, Snippet, Variant
from tests.campaigns.editor import edit, form, step
from tests.conftest import Browser

NAME = "steps-1-variants-0-template_name"


@pytest.fixture
def template(acme: Organisation) -> MailTemplate:
    return MailTemplate.objects.create(organisation=acme, name="Intro", subject="Intro", body_html="<p>Intro</p>")


def test_a_wording_begins_as_a_template_and_nothing_is_stored(
    as_alice: Browser, campaign: Campaign, template: MailTemplate
) -> None:
    sent = form(step("One"), step("Two"), begin="1-0") | {"steps-1-variants-0-template": str(template.pk)}
    shown = as_alice.post(f"{edit(campaign)}begin/", sent).context["form"].steps
    assert [one.variants[0]["subject"].value() for one in shown] == ["One", "Intro"]
    assert shown[1].variants[0]["body_html"].value() == "<p>Intro</p>"
    assert Variant.objects.get(step__campaign=campaign).subject.startswith("Hello")


@pytest.mark.parametrize("begin", ["", "7-0", "0-7", "x", "0-0"])
def test_what_makes_no_sense_changes_nothing(as_alice: Browser, campaign: Campaign, begin: str) -> None:
    shown = as_alice.post(f"{edit(campaign)}begin/", form(step("One"), begin=begin)).context["form"].steps
    assert [one.variants[0]["subject"].value() for one in shown] == ["One"]


def test_a_wording_is_kept_as_a_template(as_alice: Browser, campaign: Campaign) -> None:
    response = as_alice.post(f"{edit(campaign)}keep/", form(step("One"), step("Two"), keep="1-0") | {NAME: "Second"})
    assert response.status_code == 200
    assert "Saved the template" in response["HX-Trigger"]
    kept = MailTemplate.objects.get()
    assert (kept.name, kept.subject, kept.body_html) == ("Second", "Two", "<p>Hi</p>")


@pytest.mark.parametrize(("name", "subject"), [("", "x"), ("Intro", "x"), ("New", "{{ nobody_has_this }}")])
def test_why_it_cannot_be_kept_is_told(
    as_alice: Browser, campaign: Campaign, template: MailTemplate, name: str, subject: str
) -> None:
    response = as_alice.post(f"{edit(campaign)}keep/", form(step("One"), step(subject), keep="1-0") | {NAME: name})
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert MailTemplate.objects.count() == 1


def test_the_picker_offers_snippets_and_the_editor_templates(
    as_alice: Browser, campaign: Campaign, template: MailTemplate
) -> None:
    Snippet.objects.create(organisation=template.organisation, name="bye", body_html="x")
    page = as_alice.get(edit(campaign)).content.decode()
    assert 'data-insert="{% snippet &quot;bye&quot; %}"' in page
    assert "Intro</option>" in page


def test_neither_viewers_nor_strangers(
    as_vera: Browser, as_charlie: Browser, campaign: Campaign, strangers: Campaign, template: MailTemplate
) -> None:
    for path in ("begin", "keep"):
        assert as_vera.post(f"{edit(campaign)}{path}/", form(step())).status_code == 403
        assert as_charlie.post(f"{edit(campaign)}{path}/", form(step())).status_code == 404
    sent = form(step("Mine"), begin="0-0") | {"steps-0-variants-0-template": str(template.pk)}
    shown = as_charlie.post(f"{edit(strangers)}begin/", sent).context["form"].steps
    assert shown[0].variants[0]["subject"].value() == "Mine"
