"""Snippets and templates are kept only where mails can be made of them, and not deleted under anybody's hands."""

import pytest

from accounts.models import Organisation, User
from campaigns.editing import update_campaign
from campaigns.errors import BadValue
from campaigns.files.keeping import add_file
from campaigns.library import delete_snippet, free_name, save_snippet, save_template, uses_of_snippet
from campaigns.models import Activity, Campaign, MailTemplate, Snippet
from campaigns.services import start_campaign
from campaigns.wording import StepContent


def snippet(acme: Organisation, name: str = "bye", html: str = "<p>Bye</p>", text: str = "") -> Snippet:
    made = Snippet(organisation=acme)
    save_snippet(made, name, html, text)
    return made


@pytest.mark.parametrize(
    ("html", "text", "field"),
    [
        (" ", "", "body_html"),
        ("{% if first_name %}", "", "body_html"),
        ("{{ frist_name }}", "", "body_html"),
        ("<p>x</p>", "{{ frist_name }}", "body_text"),
        ("{% snippet 'bye' %}", "", "body_html"),
        ("{% snippet 'none' %}", "", "body_html"),
    ],
)
def test_a_snippet_that_no_mail_could_take_in_is_not_kept(acme: Organisation, html: str, text: str, field: str) -> None:
    with pytest.raises(BadValue) as refused:
        snippet(acme, html=html, text=text)
    assert refused.value.field == field
    assert not Snippet.objects.exists()


def test_two_of_one_name_are_one_too_many(acme: Organisation) -> None:
    snippet(acme)
    with pytest.raises(BadValue, match="already"):
        snippet(acme)


def test_what_is_used_keeps_its_name_and_stays(acme: Organisation, alice: User, campaign: Campaign) -> None:
    bye = snippet(acme)
    outer = snippet(acme, "outer", "{% snippet 'bye' %}")
    save_template(MailTemplate(organisation=acme), "First", "Hi", '{% snippet "bye" %}', "")
    update_campaign(campaign, {"steps": [StepContent("Hi", "<p>{%- snippet 'bye' -%}</p>")]})
    assert uses_of_snippet(bye) == ["the campaign “Spring”", "the template “First”", "the snippet “outer”"]
    with pytest.raises(BadValue, match="the campaign “Spring”"):
        delete_snippet(bye)
    with pytest.raises(BadValue, match="the campaign “Spring”"):
        save_snippet(bye, "other", "<p>x</p>", "")
    delete_snippet(outer)
    start_campaign(campaign, alice)
    bye.refresh_from_db()
    save_snippet(bye, "bye", "<p>Ciao</p>", "", by=alice)
    assert Activity.objects.filter(campaign=campaign, text__contains="snippet bye", user=alice).exists()


def test_a_template_is_checked_and_named_once(acme: Organisation) -> None:
    file = add_file(acme, None, "a.txt", b"x")
    kept = MailTemplate(organisation=acme)
    save_template(kept, "First", "Hi", "<p>x</p>", "", files=[file.pk, 999])
    assert kept.files == [file.pk]
    for name, html in (("First", "x"), ("Second", "{{ frist_name }}")):
        with pytest.raises(BadValue):
            save_template(MailTemplate(organisation=acme), name, "Hi", html, "")
    assert free_name(acme, " First ") == "First (2)"
    assert free_name(acme, "") == "Untitled"
