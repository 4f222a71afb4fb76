"""Snippets and templates: what is kept to write with, and what a change to it reaches."""

from email import message_from_bytes, policy

import pytest

from accounts.models import Organisation, User
from campaigns import engine
from campaigns import library
from campaigns.editing import update_campaign
from campaigns.errors import BadValue
from campaigns.models import Activity, Campaign, CampaignState, MailTemplate, Snippet
from campaigns.preflight import preflight
from campaigns.wording import StepContent
from tests.campaigns.launching import Launcher, only_sender

USING = '<p>Hi</p>{% snippet "bye" %}'


@pytest.fixture
def bye(acme: Organisation, alice: User) -> Snippet:
    snippet = Snippet(organisation=acme)
    library.save(snippet, {"name": "bye", "body_html": "<p>Bye, {{ first_name }}</p>", "body_text": ""}, alice)
    return snippet


def use(campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", USING)]})


def test_it_is_known_which_campaigns_take_a_snippet_in(campaign: Campaign, bye: Snippet, alice: User) -> None:
    other = Snippet(organisation=bye.organisation)
    library.save(other, {"name": "by", "body_html": "", "body_text": "x"}, alice)
    use(campaign)
    assert library.users_of(bye) == [campaign]
    assert library.users_of(other) == []


def test_what_live_mails_need_is_neither_renamed_nor_deleted(campaign: Campaign, bye: Snippet, alice: User) -> None:
    use(campaign)
    Campaign.objects.update(state=CampaignState.RUNNING)
    with pytest.raises(BadValue, match="“Spring” still sends it"):
        library.delete(bye)
    with pytest.raises(BadValue, match="“Spring” still sends it"):
        library.save(bye, {"name": "ciao"}, alice)
    library.save(bye, {"name": "bye", "body_html": "<p>Later</p>"}, alice)
    assert Activity.objects.get(campaign=campaign, user=alice, kind="edited").text == "Changed the snippet “bye”."
    Campaign.objects.update(state=CampaignState.FINISHED)
    library.delete(bye)
    assert not Snippet.objects.exists()


def test_a_name_is_there_once_in_an_organisation(bye: Snippet, alice: User, charlie: User) -> None:
    values = {"name": "bye", "body_html": "x", "body_text": ""}
    with pytest.raises(BadValue, match="already"):
        library.save(Snippet(organisation=bye.organisation), values, alice)
    library.save(Snippet(organisation=charlie.organisations.get()), values, charlie)
    library.save(MailTemplate(organisation=bye.organisation), values, alice)


def test_an_unknown_snippet_stands_in_the_way_of_a_start(campaign: Campaign) -> None:
    use(campaign)
    assert any(found.blocks and "no snippet “bye”" in found.message for found in preflight(campaign))


def test_what_a_snippet_says_is_checked_with_the_mail(campaign: Campaign, bye: Snippet) -> None:
    use(campaign)
    assert not any(found.blocks for found in preflight(campaign))
    assert any("no first_name" in found.message for found in preflight(campaign))
    Snippet.objects.update(body_html="<p>[Name]</p>")
    assert any("placeholder" in found.message for found in preflight(campaign))


@pytest.mark.django_db(transaction=True)
def test_leads_get_what_the_snippet_says_when_their_mail_goes_out(launcher: Launcher, acme: Organisation) -> None:
    Snippet.objects.create(organisation=acme, name="bye", body_html="<p>Bye, {{ first_name }}</p>")
    campaign = launcher.start(3, steps=[StepContent("Hi", USING)])
    assert engine.drain(only_sender(campaign).pk)
    texts = {text_of(mail.data) for mail in launcher.server.mails}
    said = {line for text in texts for line in text.splitlines() if "Bye" in line}
    assert said == {"Bye, Lead 0", "Bye, Lead 1", "Bye, Lead 2"}


def text_of(data: bytes) -> str:
    part = message_from_bytes(data, policy=policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
