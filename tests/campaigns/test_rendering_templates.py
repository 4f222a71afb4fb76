"""Liquid: fields with fallbacks, strict about what is missing, within limits."""

import re
import time
import tracemalloc

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


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% if x %}a", "{% if %} is not closed: {% endif %} is missing."),
        ("{% comment %}a", "Line 1: {% comment %} is not closed: {% endcomment %} is missing."),
        ("{% endif %}", "Line 1: {% endif %} has nothing that it belongs to here."),
        ("{% nosuch %}", "Line 1: there is no tag {% nosuch %}."),
        ("{{ x | nosuch }}", "Line 1: there is no filter nosuch."),
        ("{{ }}", "{{ }} is empty: write a field's name in it."),
        ("{{ x | }}", "The name of a filter is missing behind “|”."),
        ("{{ x | default: “there” }}", 'Line 1: “ is a curly quote; write straight ones: "…".'),
        ('{{ x | default: "there }}', "Line 1: a quote is opened and not closed."),
        ("{% if x = 1 %}{% endif %}", "Line 1: to compare, write == instead of =."),
    ],
)
def test_what_is_wrong_is_said_in_words(source: str, said: str) -> None:
    assert check_template(source, html=True) == [said]


def test_a_blank_in_a_fields_name_is_explained() -> None:
    (said,) = check_template("{{ first name }}", html=True)
    assert "two words stand side by side" in said
    assert "first_name" in said


def test_an_unknown_field_is_found_before_anything_is_sent() -> None:
    assert check_template("{{ frist_name }}", html=False, allowed=allowed_names()) == [
        "There is no field frist_name. Known are first_name, last_name, full_name, email, company, title, phone "
        "and your custom fields."
    ]
    assert check_template("{{ city }} {{ fields.city }}", html=False, allowed=allowed_names(["city"])) == []


def test_which_fields_could_be_missing_is_known() -> None:
    used = used_names('{{ first_name | default: "x" }} {{ company }} {% if title %}a{% endif %}', html=False)
    assert used == {"first_name": False, "company": True, "title": False}


DOUBLED = "{% assign s = 'xxxxxxxxxx' %}" + "{% assign s = s | append: s %}"


@pytest.mark.parametrize(
    "source",
    [
        # Loops and ranges
        "{% for a in (1..99999999) %}x{% endfor %}",
        "{% for a in (1..999) %}{% for b in (1..999) %}x{% endfor %}{% endfor %}",
        "{% tablerow a in (1..99999999) %}x{% endtablerow %}",
        "{{ (1..99999999) | reverse | first }}",
        "{% if (1..99999999999999) contains 'x' %}1{% endif %}",
        "{% assign a = 'x' | split: ',' | concat: (1..99999999) %}",
        # Text, lists and numbers that grow
        DOUBLED + "{% assign s = s | append: s %}" * 40,
        DOUBLED + "{% assign s = s | replace: 'x', s %}" * 9,
        "{% capture s %}{{ s }}{{ s }}xxxxxxxxxx{% endcapture %}" * 40,
        "{% assign a = 'a,b' | split: ',' %}" + "{% assign a = a | concat: a %}" * 40,
        "{% assign n = 9 %}{% for a in (1..900) %}{% assign n = n | times: n %}{% endfor %}",
        # Much of what is little by itself
        "{% for a in (1..999) %}" + "{% if x == y %}{% endif %}" * 90 + "{% endfor %}",
        "{% for a in (1..999) %}" + ("{% if " + " or ".join(["x"] * 300) + " %}{% endif %}") * 20 + "{% endfor %}",
        # Nesting and what has no end
        "{% if 1 %}" * 500 + "x" + "{% endif %}" * 500,
        "{% if " + "(" * 20000 + "1" + ")" * 20000 + " %}x{% endif %}",
        "{{ " + "a[" * 900 + "0" + "]" * 900 + " }}",
        "{% raw %}" * 30_000,
        "{% comment %}" * 30_000,
        "{{" + " " * 300_000,
        "{{ '" + "x" * 300_000,
        "x" * 500_001,
        # What is not there
        "{% include 'secret' %}",
        "{% render 'secret' %}",
        "{{ '' | append: 1 | times: 'a' | divided_by: 0 }}",
    ],
)
def test_no_template_can_hurt_the_worker(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with an error, within seconds of this thread's own time, and without eating the memory."""
    monkeypatch.setattr("campaigns.rendering.limits.RENDER_SECONDS", 0.5)
    started = time.thread_time()
    tracemalloc.start()
    try:
        with pytest.raises(RenderError):
            text(source)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200 << 20
    assert time.thread_time() - started < 20, "and tracing the memory slows it tenfold"


def test_what_an_ordinary_template_does_is_within_the_limits() -> None:
    source = "{% assign all = list | split: ',' %}{% for one in all %}{{ forloop.index }}{{ one | strip | upcase }}{% endfor %}"
    assert text(source, list=", ".join(["x"] * 500)).count("X") == 500
    body = "<p>" + "words " * 30_000 + "{{ name | default: 'you' | capitalize | append: '!' }}</p>"
    assert text(body).endswith("You!</p>")


def test_what_is_wrong_is_said_with_its_line() -> None:
    for source, said in (
        ("one\ntwo {{ name", "Line 2: {{ is not closed by }}"),
        ("one\n\n{% for a in (1..5000) %}{% endfor %}", "Line 3: a range has more than 1,000 numbers."),
    ):
        with pytest.raises(RenderError, match=re.escape(said)):
            text(source)


def test_python_is_out_of_reach() -> None:
    class Lead:
        secret = "x"

    for source in ("{{ lead.__class__ }}", "{{ lead.secret }}", "{{ email.__class__.__mro__ }}", "{{ email.encode }}"):
        with pytest.raises(RenderError):
            text(source, lead=Lead(), email="a@b.example")
