"""Liquid: fields with fallbacks, strict about what is missing, within limits."""

import time

import pytest

from campaigns.rendering.fields import allowed_names
from campaigns.rendering.templates import RenderError, check_template, render_template, used_names


def text(source: str, **values: object) -> str:
    return render_template(source, values, html=False)


def test_a_fallback_stands_in_for_a_missing_field() -> None:
    source = 'Hello {{ first_name | default: "there" }}'
    assert text(source) == "Hello there"
    assert text(source, first_name="Ada") == "Hello Ada"


def test_a_missing_field_without_a_fallback_is_an_error_that_names_it() -> None:
    with pytest.raises(RenderError, match="no first_name"):
        text("Hello {{ first_name }}")


def test_a_missing_field_is_false_in_a_condition() -> None:
    assert text("{% if company %}at {{ company }}{% else %}alone{% endif %}") == "alone"


def test_values_are_escaped_in_html_and_left_alone_in_text() -> None:
    assert render_template("{{ name }}", {"name": "<b>&"}, html=True) == "&lt;b&gt;&amp;"
    assert text("{{ name }}", name="<b>&") == "<b>&"


@pytest.mark.parametrize(
    "source", ["{{ first_name", "{% if x %}", "{{ x | nofilter }}", "{% for %}", "{% nosuchtag %}"]
)
def test_a_template_that_does_not_parse_says_where(source: str) -> None:
    messages = check_template("first line\n" + source, html=True)
    assert len(messages) == 1
    assert "Line 2" in messages[0] or "endif" in messages[0]


def test_an_unknown_field_is_found_before_anything_is_sent() -> None:
    assert check_template("{{ frist_name }}", html=False, allowed=allowed_names()) == [
        "There is no field frist_name. Known are first_name, last_name, full_name, email, company, title, phone "
        "and your custom fields."
    ]
    assert check_template("{{ city }} {{ fields.city }}", html=False, allowed=allowed_names(["city"])) == []


def test_which_fields_could_be_missing_is_known() -> None:
    used = used_names('{{ first_name | default: "x" }} {{ company }} {% if title %}a{% endif %}', html=False)
    assert used == {"first_name": False, "company": True, "title": False}


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in (1..99999999) %}x{% endfor %}",
        "{% for a in (1..9999) %}{% for b in (1..9999) %}x{% endfor %}{% endfor %}",
        "{% assign s = 'xxxxxxxxxx' %}" + "{% assign s = s | append: s %}" * 40 + "{{ s }}",
        "{% include 'secret' %}",
        "{{ '' | append: 1 | times: 'a' | divided_by: 0 }}",
    ],
)
def test_no_template_can_hurt_the_worker(source: str) -> None:
    started = time.monotonic()
    with pytest.raises(RenderError):
        text(source)
    assert time.monotonic() - started < 20


def test_python_is_out_of_reach() -> None:
    class Lead:
        secret = "x"

    for source in ("{{ lead.__class__ }}", "{{ lead.secret }}", "{{ email.__class__.__mro__ }}", "{{ email.encode }}"):
        with pytest.raises(RenderError):
            text(source, lead=Lead(), email="a@b.example")
