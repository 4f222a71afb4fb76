"""One of several wordings: the same for a lead wherever it stands, each about as often among many, and no surprise."""

from collections import Counter

import pytest

from accounts.models import Organisation
from campaigns.models import Campaign, Variant
from campaigns.rendering import Renderer, check_template
from campaigns.rendering.fields import lead_fields
from campaigns.rendering.templates import render_template
from leads.models import Lead
from senders.models import Sender
from tracking.tokens import Mark, unsubscribe_url

WAY_OUT = unsubscribe_url(Mark(7, 1001, 1))
CHOICE = '{{ "Hello|Hi|Good day" | spin }}'


def said(source: str, pk: int, *, html: bool = False) -> str:
    return render_template(source, lead_fields(Lead(pk=pk, email="a@b.example")), html=html)


def test_a_lead_gets_the_same_in_html_and_text_and_each_time() -> None:
    for pk in range(20):
        assert {said(CHOICE, pk), said(CHOICE, pk), said(CHOICE, pk, html=True)} <= {"Hello", "Hi", "Good day"}
        assert said(CHOICE, pk) == said(CHOICE, pk, html=True)


def test_among_many_leads_each_comes_about_as_often() -> None:
    found = Counter(said(CHOICE, pk) for pk in range(900))
    assert len(found) == 3
    assert min(found.values()) > 230


@pytest.mark.parametrize(
    ("source", "printed"),
    [('{{ "one" | spin }}', "one"), ('{{ "" | spin }}', ""), ('{{ " a |a" | spin }}', "a"), ("{a|b}", "{a|b}")],
)
def test_braces_stay_what_they_are(source: str, printed: str) -> None:
    assert said(source, 1) == printed


def test_what_a_lead_is_called_cannot_become_markup() -> None:
    lead = lead_fields(Lead(pk=1, email="a@b.example", first_name="<b>|<b>"))
    assert render_template("{{ first_name | spin }}", lead, html=True) == "&lt;b&gt;"


def test_the_check_knows_it() -> None:
    assert check_template(CHOICE, html=True, allowed=set()) == []


def test_the_prepared_mail_is_the_same() -> None:
    acme = Organisation(pk=7, name="Acme")
    variant = Variant(subject=CHOICE, body_html=f"<p>{CHOICE} {{{{ first_name }}}}</p>")
    made = Renderer(Campaign(organisation=acme), variant, Sender(name="A", address="a@acme.example"), acme)
    for pk in range(1, 6):
        lead, mark = Lead(pk=pk, email="a@b.example", first_name="Ada"), Mark(7, 1000 + pk, pk)
        values = made.values(lead, WAY_OUT)
        assert made.prepare().parts(values, mark, WAY_OUT) == made.parts(lead, mark, WAY_OUT)
