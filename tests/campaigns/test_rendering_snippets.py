"""Snippets take their places before Liquid reads: their words, their limits, and no end of each other."""

import pytest

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.models import Campaign, Message, Snippet, Variant
from campaigns.preflight import field_problems
from campaigns.rendering import RenderError, preview
from campaigns.rendering.limits import MAX_SOURCE
from campaigns.rendering.snippets import Piece, as_piece, expand, pieces_for
from leads.models import Lead
from tests.campaigns.launching import Launcher

PIECES = {
    "hi": Piece("<b>Hi</b>", "Hi"),
    "outer": Piece('{% snippet "hi" %}!', "!"),
    "loop": Piece("{% snippet 'loop' %}", ""),
}


@pytest.mark.parametrize(
    ("source", "whole"),
    [
        ('{% snippet "hi" %} you', "<b>Hi</b> you"),
        ("{%- snippet  'outer' -%}", "<b>Hi</b>!"),
        ("A snippet of text, {% if a %}", "A snippet of text, {% if a %}"),
    ],
)
def test_a_snippet_takes_its_place(source: str, whole: str) -> None:
    assert expand(source, PIECES, html=True) == whole


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% snippet 'loop' %}", "each other"),
        ("{% snippet 'none' %}", "There is no snippet none."),
        ("{% snippet '' %}", "There is no snippet without a name."),
        ("{% snippet 'hi' %}" + "x" * MAX_SOURCE, "500,000 characters"),
    ],
)
def test_what_cannot_take_its_place_is_said(source: str, said: str) -> None:
    with pytest.raises(RenderError, match=said):
        expand(source, PIECES, html=True)


def test_snippets_that_double_each_other_end_at_the_limit() -> None:
    doubling = {"a": Piece("{% snippet 'a' %}" * 100, "")}
    with pytest.raises(RenderError, match="characters"):
        expand("{% snippet 'a' %}" * 100, doubling, html=True)


def test_a_snippet_of_one_form_says_the_same_in_the_other() -> None:
    assert as_piece("<p>Best,<br>Alice</p>", "") == Piece("<p>Best,<br>Alice</p>", "Best,\nAlice")
    text = 'A & B\n{{ first_name | default: "you" }}'
    assert as_piece("", text) == Piece('A &amp; B<br>{{ first_name | default: "you" }}', text)


def test_snippets_of_others_are_not_there(acme: Organisation, charlie: User) -> None:
    Snippet.objects.create(organisation=charlie.organisations.get(), name="theirs", body_html="x")
    assert pieces_for(acme.pk, ["{% snippet 'theirs' %}"]) == {}


def test_a_mail_takes_snippets_in_both_its_parts(campaign: Campaign, variant: Variant, acme: Organisation) -> None:
    Snippet.objects.create(organisation=acme, name="bye", body_html="<p>Bye {{ first_name }}</p>")
    Snippet.objects.create(organisation=acme, name="end", body_html="{% snippet 'bye' %}<p>End</p>")
    variant.body_html = "<p>Hello</p>{% snippet 'end' %}"
    shown = preview(campaign, variant, Lead.objects.get(email="ada@example.com"), None)
    assert "<p>Bye Ada</p><p>End</p>" in shown.html
    assert "Bye Ada\n\nEnd" in shown.text


def test_what_is_wrong_within_a_snippet_is_found_before_anything_is_sent(acme: Organisation) -> None:
    assert field_problems(acme, "{% snippet 'gone' %}", html=True) == ["There is no snippet gone."]
    Snippet.objects.create(organisation=acme, name="odd", body_html="{{ frist_name }}")
    (problem,) = field_problems(acme, "{% snippet 'odd' %}", html=True)
    assert "no field frist_name" in problem


@pytest.mark.django_db(transaction=True)
def test_a_snippet_that_goes_missing_fails_its_mails_in_words(launcher: Launcher, acme: Organisation) -> None:
    snippet = Snippet.objects.create(organisation=acme, name="bye", body_html="Bye")
    campaign = launcher.draft(leads=1)
    Variant.objects.filter(step__campaign=campaign).update(body_html="<p>{% snippet 'bye' %}</p>")
    launcher.go(campaign)
    snippet.delete()
    engine.drain(campaign.senders.get().pk)
    assert Message.objects.get(campaign=campaign).error == "There is no snippet bye."
