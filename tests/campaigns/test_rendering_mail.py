"""The complete mail, read back by the standard library: who, whom, what, when, and the way out."""

import email
import email.policy
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation
from campaigns.models import Campaign, Variant
from campaigns.rendering import Renderer, RenderError, preview
from campaigns.rendering.render import text_source
from leads.models import Lead
from senders.models import Sender
from tracking.rewriting import links
from tracking.tokens import Mark, pixel_url, read_click, unsubscribe_url

MARK = Mark(7, 1001, 42)
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HTML = '<html><body><p>Hello {{ first_name | default: "there" }}, <a href="https://acme.example/?a=1&amp;b=2">us</a>.</p></body></html>'
# What every mail has, and nothing besides.
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
]  # fmt: skip

Build = Callable[..., EmailMessage]


def organisation(**changes: Any) -> Organisation:
    return Organisation(pk=7, **{"name": "Acme", "postal_address": "Acme GmbH\nHauptstr. 1\n10115 Berlin"} | changes)


def renderer(
    variant: dict[str, Any], campaign: dict[str, Any], sender: dict[str, Any], owner: Organisation
) -> Renderer:
    return Renderer(
        Campaign(organisation=owner, **campaign),
        Variant(**{"subject": "Hello {{ first_name | default: 'you' }}", "body_html": HTML} | variant),
        Sender(organisation=owner, **{"name": "Alice Archer", "address": "alice@acme.example"} | sender),
        owner,
    )


def mail(lead: dict[str, Any] | None = None, owner: Organisation | None = None, **parts: dict[str, Any]) -> bytes:
    owner = owner or organisation()
    made = renderer(parts.get("variant", {}), parts.get("campaign", {}), parts.get("sender", {}), owner)
    person = Lead(organisation=owner, **{"email": "grace@example.com", "first_name": "Grace"} | (lead or {}))
    return made.mail(person, MARK, "fixed@acme.example", AT)


def read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert not any(part.defects for part in message.walk())
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_the_headers_are_complete_and_each_stands_once() -> None:
    message = read(mail())
    assert message.keys() == HEADERS
    assert str(message["From"]) == "Alice Archer <alice@acme.example>"
    assert str(message["To"]) == "Grace <grace@example.com>"
    assert message["Subject"] == "Hello Grace"
    assert parsedate_to_datetime(message["Date"]) == AT
    assert message["Message-ID"] == "<fixed@acme.example>"


def test_one_click_unsubscribe_is_offered_as_rfc_8058_wants_it() -> None:
    message = read(mail())
    assert message["List-Unsubscribe"] == f"<{unsubscribe_url(MARK)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_both_parts_say_who_sends_it_from_where_and_the_way_out() -> None:
    message = read(mail())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        content = body(message, kind)
        for said in ("Acme GmbH", "Hauptstr. 1", "10115 Berlin", unsubscribe_url(MARK)):
            assert said in content, kind
    assert re.search(r'<a href="[^"]*/t/u/[^"]*"[^>]*>Unsubscribe</a>.*</body>', body(message, "html"), re.DOTALL)


@pytest.mark.parametrize(
    ("name", "address", "first"),
    [
        ("Acme", "ACME\nHauptstr. 1", "ACME"),
        ("Acme", "Acme GmbH, Hauptstr. 1", "Acme GmbH, Hauptstr. 1"),
        ("Acme", "Acmestr. 1", "Acme\nAcmestr. 1"),
        ("Acme", "Acme-Allee 1", "Acme\nAcme-Allee 1"),
        ("Acme", "", "Acme"),
    ],
)
def test_the_footer_names_the_organisation_once(name: str, address: str, first: str) -> None:
    message = read(mail(owner=organisation(name=name, postal_address=address)))
    assert f"\n-- \n{first}\n" in body(message, "plain")
    assert f">{first.replace(chr(10), '<br>')}<br>" in body(message, "html")


def test_a_template_with_its_own_way_out_gets_no_second_one() -> None:
    own = HTML.replace("<p>", '<p><a href="{{ unsubscribe_url }}">No more</a> ')
    message = read(mail(variant={"body_html": own}))
    assert body(message, "html").count(unsubscribe_url(MARK)) == 1
    assert "10115 Berlin" in body(message, "html")


def test_links_are_tracked_and_the_pixel_is_there_as_the_campaign_says() -> None:
    content = body(read(mail()), "html")
    found = [link for link in links(content) if "/t/c/" in link]
    assert [read_click(*link.partition("/t/c/")[2].split("/")) for link in found] == [
        (MARK, "https://acme.example/?a=1&b=2")
    ]
    assert pixel_url(MARK) in content
    content = body(read(mail(campaign={"track_opens": False})), "html")
    assert pixel_url(MARK) not in content
    content = body(read(mail(campaign={"track_clicks": False, "track_opens": False})), "html")
    assert "https://acme.example/?a=1&amp;b=2" in content
    assert "/t/c/" not in content
    assert "/t/o/" not in content


def test_the_text_is_derived_from_the_html_with_its_link_targets() -> None:
    content = body(read(mail()), "plain")
    assert "Hello Grace, us (https://acme.example/?a=1&b=2)." in content


def test_a_text_that_was_written_is_taken() -> None:
    content = body(read(mail(variant={"body_text": "Dear {{ first_name }}"})), "plain")
    assert content.startswith("Dear Grace")


def test_plain_text_alone_is_one_part_without_tracking() -> None:
    message = read(mail(variant={"body_html": "", "body_text": "Hi, https://acme.example/"}))
    assert message.get_content_type() == "text/plain"
    content = str(message.get_content())
    assert "https://acme.example/" in content
    assert unsubscribe_url(MARK) in content
    assert "/t/o/" not in content


def test_a_text_that_layout_tore_apart_is_made_from_the_mail_itself() -> None:
    torn = "<p>{% if first_name %}<b>Dear {{ first_name }}</b>{% endif %}</p>"
    torn += "<ul>{% for a in (1..2) %}<li>no {{ a }}</li>{% endfor %}</ul>"
    content = body(read(mail(variant={"body_html": torn})), "plain")
    assert "Dear Grace" in content
    assert "no 1" in content
    assert "{%" not in content


@pytest.mark.parametrize(
    ("sender", "lead"),
    [
        ({"name": "Jürgen Müller"}, {"first_name": "Zoë", "last_name": "Ångström"}),
        ({"name": "株式会社"}, {"first_name": "Владимир", "last_name": "Ильич"}),
        ({"name": 'The "Boss", Ltd. <x>'}, {"first_name": "O'Brien", "last_name": "(jr.), \\ PhD"}),
        ({"name": "😀" * 20}, {"first_name": "x" * 200, "last_name": "ü" * 200}),
        ({"name": ""}, {"first_name": "", "last_name": ""}),
    ],
)
def test_names_survive_in_every_script(sender: dict[str, Any], lead: dict[str, Any]) -> None:
    message = read(mail(lead, sender=sender))
    assert message["From"].addresses[0].addr_spec == "alice@acme.example"
    assert message["From"].addresses[0].display_name == sender["name"]
    recipient = message["To"].addresses[0]
    assert recipient.addr_spec == "grace@example.com"
    full = f"{lead['first_name']} {lead['last_name']}".strip()
    assert recipient.display_name in (full, full[:100])
    assert max(map(len, mail(lead, sender=sender).split(b"\r\n"))) <= 998


@pytest.mark.parametrize("address", ["info@bücher.example", "grace@example.com"])
def test_an_address_beyond_ascii_is_written_in_ascii_where_it_can_be(address: str) -> None:
    data = mail({"email": address})
    assert data.isascii()
    assert read(data)["To"].addresses[0].addr_spec == address.replace("bücher", "xn--bcher-kva")


def test_a_subject_in_every_script_comes_back() -> None:
    for subject in ("Grüße aus Köln", "日本語の件名" * 20, "🎉 " * 60, "x" * 400, "=?utf-8?q?fake?=", "a =?b"):
        assert read(mail(variant={"subject": subject}))["Subject"] == subject.strip()


ATTACKS = st.sampled_from(
    ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r\n\r\n", "\r\n ", "\n\t"]
)
EVIL = st.builds(
    lambda before, attack, after: f"{before}{attack}Bcc: all@example.com{attack}{after}",
    st.text(max_size=20),
    ATTACKS,
    st.text(max_size=20),
).filter(lambda value: not any("\ud800" <= char <= "\udfff" for char in value))


@given(first=EVIL, company=EVIL)
def test_nothing_that_a_lead_is_called_becomes_a_header(first: str, company: str) -> None:
    lead = {"first_name": first, "company": company}
    data = mail(lead, variant={"subject": "{{ first_name }} of {{ company }}", "body_text": "{{ company }}"})
    message = read(data)
    assert message.keys() == HEADERS
    assert [address.addr_spec for address in message["To"].addresses] == ["grace@example.com"]
    assert data.partition(b"\r\n\r\n")[0].lower().count(b"\nbcc") == 0


@given(name=EVIL)
def test_nor_what_a_sender_or_an_organisation_is_called(name: str) -> None:
    message = read(mail(owner=organisation(name=name, postal_address=name), sender={"name": name}))
    assert message.keys() == HEADERS
    assert [address.addr_spec for address in message["From"].addresses] == ["alice@acme.example"]


def test_values_are_escaped_in_the_html_and_the_footer() -> None:
    script = "<script>alert(1)</script>"
    content = body(
        read(mail({"first_name": script}, owner=organisation(name=script, postal_address=f"At {script}"))), "html"
    )
    assert "<script>" not in content
    assert content.count("&lt;script&gt;") == 3


def test_a_very_long_line_is_broken_for_the_wire_and_whole_for_the_reader() -> None:
    long = "word " * 1000 + "x" * 5000
    data = mail(variant={"body_html": f"<p>{long}</p>", "body_text": long})
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert long in body(read(data), "plain").replace("\n", " ")
    assert "x" * 5000 in body(read(data), "html")


def test_a_line_with_a_single_dot_survives() -> None:
    content = body(read(mail(variant={"body_text": "one\n.\n..two\nFrom me"})), "plain")
    assert content.startswith("one\n.\n..two\nFrom me\n")


def test_a_subject_that_comes_out_empty_is_an_error() -> None:
    with pytest.raises(RenderError, match="subject is empty"):
        mail({"first_name": ""}, variant={"subject": "{{ first_name | default: '' }}"})


def test_a_preview_is_not_tracked_and_its_way_out_is_dead() -> None:
    owner = organisation()
    campaign, variant = Campaign(organisation=owner), Variant(subject="Hi", body_html=HTML)
    shown = preview(campaign, variant, Lead(organisation=owner, email="g@example.com"), None)
    assert shown.subject == "Hi"
    assert "Hello there" in shown.html
    assert "/t/" not in shown.html + shown.text
    assert 'href="#unsubscribe"' in shown.html


def test_the_date_is_now_where_none_is_given() -> None:
    owner = organisation()
    data = renderer({}, {}, {}, owner).mail(Lead(organisation=owner, email="g@example.com"), MARK, "x@acme.example")
    assert abs((parsedate_to_datetime(read(data)["Date"]) - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p>Hi <a href="{{ unsubscribe_url }}">out</a></p>', "Hi, plain."),
        ("<p>Hi</p>", "Hi, out: {{ unsubscribe_url }}"),
        ("<p>Hi</p>{% comment %}unsubscribe_url{% endcomment %}", ""),
        ("<p>Hi</p><!-- {{ unsubscribe_url }} -->", ""),
        (
            "<p>Hi</p>{% if company %}{{ unsubscribe_url }}{% endif %}",
            "{% if company %}{{ unsubscribe_url }}{% endif %}",
        ),
    ],
)
def test_each_part_shows_the_way_out_once_wherever_the_template_has_it(html: str, text: str) -> None:
    message = read(mail(variant={"body_html": html, "body_text": text}))
    assert links(body(message, "html")).count(unsubscribe_url(MARK)) == 1
    assert body(message, "plain").count(unsubscribe_url(MARK)) == 1


def test_what_no_xml_can_hold_is_left_out_of_the_derived_text() -> None:
    html = '<p>1&#1;2 <a href="https://x.example/&#2;">a&#1;b\x03</a><a href="https://y.example/">c<b>d</b>&#0;</a></p>'
    content = body(read(mail(variant={"body_html": html})), "plain")
    assert "ab (https://x.example/)" in content
    assert "cd" in content
    assert "(https://y.example/)" in content


def test_html_that_cannot_be_read_is_that_leads_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*about: Any) -> str:
        raise ValueError("nonsense")

    monkeypatch.setattr("campaigns.rendering.plain.get_text", fails)
    monkeypatch.setattr("campaigns.rendering.render.text_source", text_source.__wrapped__)
    with pytest.raises(RenderError, match="plain text: nonsense"):
        mail()
