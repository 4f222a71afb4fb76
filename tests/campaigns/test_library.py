"""Snippets and templates: what is kept to write with, and what a change to it reaches."""

from email import message_from_bytes, policy

import pytest

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.editing import update_campaign
from campaigns.errors import BadValue
from campaigns.library import delete_snippet, save_snippet, save_template, uses_of_snippet
from campaigns.models import Activity, Campaign, CampaignState, MailTemplate, Snippet
from campaigns.preflight import preflight
from campaigns.wording import StepContent
from tests.campaigns.launching import Launcher, only_sender

USING = '<p>Hi</p>{% snippet "bye" %}'


@pytest.fixture
def bye(acme: Organisation, alice: User) -> Snippet:
    snippet = Snippet(organisation=acme)
    save_snippet(snippet, "bye", "<p>Bye, {{ first_name }}</p>", "", alice)
    return snippet


def use(campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", USING)]})


def test_it_is_known_what_takes_a_snippet_in(campaign: Campaign, bye: Snippet, alice: User) -> None:
    other = Snippet(organisation=bye.organisation)
    save_snippet(other, "by", "", "x", alice)
    use(campaign)
    assert uses_of_snippet(bye) == ["the campaign “Spring”"]
    assert uses_of_snippet(other) == []


def test_what_mails_need_is_neither_renamed_nor_deleted(campaign: Campaign, bye: Snippet, alice: User) -> None:
    use(campaign)
    Campaign.objects.update(state=CampaignState.RUNNING)
    with pytest.raises(BadValue, match="“Spring”"):
        delete_snippet(bye)
    with pytest.raises(BadValue, match="“Spring”"):
        save_snippet(bye, "ciao", "x", "", alice)
    bye.refresh_from_db()
    save_snippet(bye, "bye", "<p>Later</p>", "", alice)
    assert "snippet bye" in Activity.objects.get(campaign=campaign, user=alice, kind="edited").text
    Campaign.objects.update(state=CampaignState.FINISHED)
    delete_snippet(bye)
    assert not Snippet.objects.exists()


def test_a_name_is_there_once_in_an_organisation(bye: Snippet, charlie: User) -> None:
    with pytest.raises(BadValue, match="already"):
        save_snippet(Snippet(organisation=bye.organisation), "bye", "x", "")
    save_snippet(Snippet(organisation=charlie.organisations.get()), "bye", "x", "")
    save_template(MailTemplate(organisation=bye.organisation), "bye", "x", "x", "")


def test_an_unknown_snippet_stands_in_the_way_of_a_start(campaign: Campaign) -> None:
    use(campaign)
    assert any(found.blocks and "no snippet bye" in found.message for found in preflight(campaign))


def test_what_a_snippet_says_is_checked_with_the_mail(campaign: Campaign, bye: Snippet) -> None:
    use(campaign)
    assert not any(found.blocks for found in preflight(campaign))
    assert any("no first_name" in found.message for found in preflight(campaign))
    Snippet.objects.update(body_html='<p><a href="next">x</a></p>')
    assert any("is relative" in found.message for found in preflight(campaign))


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
