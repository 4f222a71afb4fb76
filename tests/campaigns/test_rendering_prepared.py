"""A prepared mail is byte for byte what the whole pipeline makes, or it is left to the pipeline."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Organisation
from campaigns.models import Campaign, Variant
from campaigns.rendering import Renderer, RenderError
from campaigns.rendering.flat import NotFlat
from campaigns.rendering.prepared import Parts
from leads.models import Lead
from senders.models import Sender
from tracking.tokens import Mark, unsubscribe_url

MARK = Mark(7, 1001, 42)
WAY_OUT = unsubscribe_url(MARK)
ACME = Organisation(pk=7, name="Acme", postal_address="Acme GmbH\r\nHauptstr. 1")
GREETING = 'Hello {{ first_name | default: "there" }}'


def renderer(variant: dict[str, str], campaign: dict[str, bool] | None = None, signature: str = "") -> Renderer:
    return Renderer(
        Campaign(organisation=ACME, **(campaign or {})),
        Variant(**({"subject": "Hi", "body_html": "", "body_text": ""} | variant)),
        Sender(organisation=ACME, name="Alice <A>", address="alice@acme.example", signature=signature),
        ACME,
    )


def lead(**values: Any) -> Lead:
    return Lead(organisation=ACME, **{"email": "grace@example.com", "first_name": "Grace", "company": "Navy"} | values)


def prepared(made: Renderer, person: Lead) -> Parts | None:
    """The mail by the prepared form; None where the pipeline must make it."""
    try:
        return made.prepare().parts(made.values(person, WAY_OUT), MARK, WAY_OUT)
    except (NotFlat, RenderError):
        return None


HOLES = st.sampled_from(
    [
        "{{ first_name }}",
        "{{ company | default: '' }}",
        '{{ company | default: "Tom & Jerry" }}',
        "{{ fields.job }}",
        '{{ fields["job"] | default: "none" }}',
        "{{ title | upcase }}",
        "{{ title | escape }}",
        "{{ company | newline_to_br }}",
        "{{ job if company else title }}",
        "{{ now | date: '%Y' }}",
        "{{ 1 | plus: 2 }}{{ fields }}",
        "{{- partial -}}",
        "{{ sender.name }}",
        "{{ sender.signature }}",
        "{{ unsubscribe_url }}",
        "{{ unsubscribe_url | upcase }}",
        "{{ [job] }}",
        "{{ 'Hi|Hello' | spin }}",
    ]
)
STATIC = st.sampled_from(
    [
        *("<p>", '<a href="', '">', "'>", "</a>", "<a title='", "<a href=", " href='https://x.example/?a=1&amp;", '"', "<"),
        *('<a href="https://x.example/">', "</", "<!-- ", " -->", "<title>", "</title", "<title a='", "</body>", "</body "),
        *("<p>Hello ", "</p>", "=", "=\"", "&", "&#", ";", "%", "%s", " ", "\n", "\r", "\r\n", "é", "日本"),
        *("{% raw %}{{{% endraw %}", "https://x.example/", "x" * 60, "y " * 500, "/", "area", "?", "<img alt='", "\ud800"),
    ]
)  # fmt: skip
TEMPLATES = st.lists(st.one_of(HOLES, STATIC, STATIC), max_size=14).map("".join)
VALUES = st.one_of(
    st.sampled_from(
        [
            *("", " ", "Ada", "O'Brien", "AT&T", "<b>", '"', "a\nb", "a\r", "=", "--", "body", "/body", " x=", "a b", "é"),
            *("日本", "https://y.example/?q=1&copy=2", "amp;", "x" * 950, "x\u2028", "Ada ", "job", "first_name", "%s"),
        ]
    ),
    st.text(max_size=8).filter(lambda text: text.isprintable()),
)  # fmt: skip
LEADS = st.builds(
    lambda first, company, title, job: lead(first_name=first, company=company, title=title, fields={"job": job}),
    *[VALUES] * 4,
)


@settings(max_examples=400)
@given(
    parts=st.fixed_dictionaries({"subject": TEMPLATES, "body_html": TEMPLATES, "body_text": TEMPLATES}),
    tracking=st.fixed_dictionaries({"track_opens": st.booleans(), "track_clicks": st.booleans()}),
    people=st.lists(LEADS, min_size=1, max_size=3),
    signature=st.sampled_from(["", "Alice\n<b>"]),
)
def test_whatever_the_template_and_the_lead_the_bytes_are_the_same(
    parts: dict[str, str], tracking: dict[str, bool], people: list[Lead], signature: str
) -> None:
    made = renderer(parts, tracking, signature)
    try:
        form = made.prepare()
    except (NotFlat, RenderError):
        return
    for person in people:
        try:
            given = form.parts(made.values(person, WAY_OUT), MARK, WAY_OUT)
        except NotFlat:
            continue
        assert given == made.parts(person, MARK, WAY_OUT)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f'<html><body><p>{GREETING},</p><a href="https://x.example/?a=1&amp;b=2">us</a></body></html>', ""),
        ('<title>{{ company }}</title><a title="{{ company }}" href="https://x.example/">{{ first_name }}</a>', "Hi"),
        ('<a href="https://x.example/?for={{ first_name }}&amp;b=2">x</a> {{ title | default: "Dr" | upcase }}', ""),
        ('<p>{{ first_name }}</p><a href="{{ unsubscribe_url }}">out</a>', "Out: {{ unsubscribe_url }}"),
        (f"<p>{GREETING}</p>{'x' * 2000}", "Best, {{ first_name }}"),
        ("<p>Grüße, {{ first_name }}</p>" + "ö" * 400, "{{ first_name }}\r\n100 % {{ sender.name }}"),
        ("<p>\r{{ company }}\r{{ first_name }}\nx</p>\r\n", "\r\n{{ first_name }}\r\n\n{{ company }}\r\n"),
        ("", GREETING),
    ],
)
@pytest.mark.parametrize("name", ["Grace", "Zoë", "O'Brien & Co", "x" * 950, "a b"])
def test_an_ordinary_mail_is_prepared_and_the_same(html: str, text: str, name: str) -> None:
    made, person = renderer({"subject": GREETING, "body_html": html, "body_text": text}), lead(first_name=name)
    found = prepared(made, person)
    assert found is not None
    assert found == made.parts(person, MARK, WAY_OUT)


@pytest.mark.parametrize(
    ("html", "values"),
    [
        ("<p>{% if company %}{{ company }}{% endif %}</p>", {}),
        ("<p><{{ first_name }}</p>", {}),
        ("<p class={{ company }}>x</p>", {}),
        ("<!-- {{ company }} -->x", {}),
        ('<a title="</body{{ company }}>">x</a>', {}),
        ("<title></title{{ company }}>x", {}),
        ('<p="x {{ company }}">x</p>', {}),
        ("{{ company | default: '' }}", {}),
        ('<a href="{{ unsubscribe_url }}{{ title | default: "" }}">x</a>', {}),
        ("<p>{{ unsubscribe_url | strip }}</p>", {}),
        ("<p>{{ [company] }}</p>", {}),
        ("<p>{{ company }}</p>", {"company": "two\nlines"}),
        ("<p>{{ company | newline_to_br }}{{ '<b>' }}</p>", {}),
        ("<p>{{ company }}</p>" + "{{ company }}" * 300, {"company": "x" * 1000}),
        ("<p>{{ title }}</p>", {}),
        ("<p>{{ company | divided_by: 0 }}</p>", {}),
        ("<img src='x'>", {}),
    ],
)
def test_what_a_value_could_change_goes_the_long_way(html: str, values: dict[str, str]) -> None:
    assert prepared(renderer({"body_html": html}), lead(**values)) is None


def test_a_text_that_ends_with_a_field_is_the_same_where_that_is_blank() -> None:
    made = renderer({"body_text": "Hello {{ company | default: '' }} "})
    assert prepared(made, lead()) is not None
    for blank in ("", "Navy "):
        assert prepared(made, lead(company=blank)) is None


def test_the_second_mail_is_prepared_and_the_next_batch_finds_the_form() -> None:
    variant = {"body_html": "<p>Once {{ first_name }}</p>"}
    first = renderer(variant)
    assert first.prepared_parts(lead(), MARK, WAY_OUT) is None
    assert first.prepared_parts(lead(), MARK, WAY_OUT) == first.parts(lead(), MARK, WAY_OUT)
    assert renderer(variant).prepared_parts(lead(), MARK, WAY_OUT) is not None
    assert renderer(variant, signature="Other").prepared_parts(lead(), MARK, WAY_OUT) is None


def test_a_test_mail_goes_the_long_way() -> None:
    made = renderer({"body_html": "<p>Test {{ first_name }}</p>"})
    assert [made.prepared_parts(lead(), Mark(7, 0, 0), WAY_OUT) for _ in range(3)] == [None] * 3


def test_a_lead_that_lacks_a_field_gets_the_pipelines_words() -> None:
    made = renderer({"subject": "{{ first_name }}", "body_html": "<p>{{ company }}</p>"})
    for _ in range(3):
        made.mail(lead(), MARK, "a@acme.example")
        with pytest.raises(RenderError, match="no company"):
            made.mail(lead(company=""), MARK, "b@acme.example")
        with pytest.raises(RenderError, match="no first_name"):
            made.mail(lead(first_name="", company=""), MARK, "b@acme.example")
