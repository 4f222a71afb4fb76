"""The template tags that every page uses."""

import pytest
from django import forms
from django.template import Context, RequestContext, Template
from django.test import RequestFactory

from ecrm.templatetags.ecrm import rate


class Letter(forms.Form):
    name = forms.CharField(help_text="As people <i>call</i> you.")
    agree = forms.BooleanField(required=False)


def render(text: str, query: str = "", **context: object) -> str:
    request = RequestFactory().get(f"/?{query}")
    return Template("{% load ecrm %}" + text).render(RequestContext(request, context))


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "–"), (0, 9, "0 %"), (1, 3, "33 %"), (1, 30, "3.3 %"), (9, 9, "100 %"), (1, 100_000, "< 0.1 %")],
)
def test_a_rate_is_short_and_has_no_false_zero(part: int, whole: int, said: str) -> None:
    assert rate(part, whole) == said


def test_the_query_changes_one_thing_and_keeps_the_rest() -> None:
    assert render("{% query page=3 %}", "q=a%26b&page=2") == "q=a%26b&amp;page=3"
    assert render("{% query page=None %}", "q=x&page=2") == "q=x"


def test_the_query_cannot_break_out_of_its_attribute() -> None:
    assert '"' not in render("{% query page=1 %}", 'q="><script>')


@pytest.mark.parametrize(
    ("query", "said"), [("", "|name"), ("sort=name", "ascending|-name"), ("sort=-name", "descending|name")]
)
def test_a_heading_sorts_up_then_down(query: str, said: str) -> None:
    text = '{% sort_state "name" as state %}{{ state.direction }}|{{ state.next }}'
    assert render(text, query) == said


def test_ids_are_never_given_twice() -> None:
    first, second = render("{% unique %} {% unique %}").split()
    assert first != second


def test_a_field_is_tied_to_its_help_and_its_error() -> None:
    plain = render("{{ form.name|described }}", form=Letter())
    assert 'aria-describedby="id_name_help"' in plain
    assert "aria-invalid" not in plain
    wrong = render("{{ form.name|described }}", form=Letter({"name": ""}))
    assert 'aria-describedby="id_name_error id_name_help"' in wrong
    assert 'aria-invalid="true"' in wrong


def test_what_was_typed_is_escaped_when_shown_again() -> None:
    shown = render("{{ form.name|described }}", form=Letter({"name": '"><script>alert(1)</script>'}))
    assert "<script>" not in shown


def test_a_checkbox_is_known() -> None:
    text = "{% load ecrm %}{% if form.agree|is_checkbox %}yes{% endif %}{% if form.name|is_checkbox %}no{% endif %}"
    assert Template(text).render(Context({"form": Letter()})) == "yes"
