"""In the sequence editor: begin with a template, keep a wording as one, insert a snippet."""

import pytest

from accounts.models import Organisation
from campaigns.models import Campaign, MailTemplate, Snippet
from tests.campaigns.editor import edit, form, step
from tests.conftest import Browser

KEEP = "/o/acme/campaigns/templates/keep/?from=steps-1-variants-0"


@pytest.fixture
def template(acme: Organisation) -> MailTemplate:
    return MailTemplate.objects.create(organisation=acme, name="Intro", subject="Intro", body_html="<p>Intro</p>")


def test_a_wording_begins_with_a_template(as_alice: Browser, template: MailTemplate) -> None:
    assert "Intro" in as_alice.get("/o/acme/campaigns/templates/choose/").content.decode()
    said = as_alice.get(f"/o/acme/campaigns/templates/{template.pk}/use/").json()
    assert said == {"subject": "Intro", "body_html": "<p>Intro</p>", "body_text": "", "files": []}


def test_a_wording_is_kept_as_a_template_under_a_name_that_is_free(as_alice: Browser, template: MailTemplate) -> None:
    for _ in range(2):
        response = as_alice.post(KEEP, form(step("One"), step("Intro")))
        assert "Kept as the template" in response["HX-Trigger"]
    names = MailTemplate.objects.order_by("pk").values_list("name", flat=True)
    assert list(names) == ["Intro", "Intro (2)", "Intro (3)"]


@pytest.mark.parametrize("subject", ["{{ nobody_has_this }}", "{% if %}", "x" * 501])
def test_why_a_wording_cannot_be_kept_is_told(as_alice: Browser, subject: str) -> None:
    response = as_alice.post(KEEP, form(step("One"), step(subject)))
    assert "error" in response["HX-Trigger"]
    assert not MailTemplate.objects.exists()


def test_the_picker_offers_snippets(as_alice: Browser, campaign: Campaign) -> None:
    Snippet.objects.create(organisation=campaign.organisation, name="bye", body_html="x")
    page = as_alice.get(edit(campaign)).content.decode()
    assert 'data-insert="{% snippet &quot;bye&quot; %}"' in page


def test_neither_viewers_nor_strangers(
    as_vera: Browser, as_charlie: Browser, strangers: Campaign, template: MailTemplate
) -> None:
    assert as_vera.post(KEEP, form(step(), step())).status_code == 403
    assert as_charlie.post(KEEP, form(step(), step())).status_code == 404
    for org in ("acme", "other"):
        assert as_charlie.get(f"/o/{org}/campaigns/templates/{template.pk}/use/").status_code == 404
    assert "Intro" not in as_charlie.get("/o/other/campaigns/templates/choose/").content.decode()
