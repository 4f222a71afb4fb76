"""Every mail is well-formed MIME, whatever it says."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.mime import assemble, body_part, mailbox, unstructured, wire_lines

WRITTEN = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
)


def mail(headers: list[str], text: str, html: str) -> bytes:
    parts = [body_part(kind, wire_lines(body)) for kind, body in (("text/plain", text), ("text/html", html))]
    return assemble(headers, parts[0], parts[1] if html else b"")


def parse(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


@given(text=WRITTEN, html=WRITTEN.filter(bool))
def test_both_bodies_come_back_as_written(text: str, html: str) -> None:
    message = parse(mail(["From: a@b.example"], text, html))
    normal = [value.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") for value in (text, html)]
    assert [body(message, "plain"), body(message, "html")] == normal
    assert not message.defects


@given(text=WRITTEN, html=WRITTEN)
def test_no_line_is_too_long_and_every_line_ends_in_crlf(text: str, html: str) -> None:
    data = mail(["From: a@b.example"], text * 50, html * 50)
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(len(line) for line in data.split(b"\r\n")) <= 998


@given(subject=st.text(max_size=300).filter(lambda value: not any("\ud800" <= char <= "\udfff" for char in value)))
def test_a_subject_is_one_header_and_says_what_was_written(subject: str) -> None:
    line = unstructured("Subject", subject)
    message = parse(mail([line], "x", ""))
    assert message.keys() == ["Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert all(part.isascii() and len(part) <= 998 for part in line.split("\r\n"))
    written = "".join(char for char in subject if not char.isspace() and char.isprintable())
    shown = "".join(char for char in str(message["Subject"]) if not char.isspace() and char.isprintable())
    assert shown == written


@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("Ada", "ada@example.com", "Ada <ada@example.com>"),
        ("Müller, Jürgen", "j@example.com", '"Müller, Jürgen" <j@example.com>'),
        ('The "Boss" \\ Ltd.', "b@example.com", None),
        ("株式会社", "info@example.jp", "株式会社 <info@example.jp>"),
        ("", "plain@example.com", "plain@example.com"),
        ("Eve\r\nBcc: all@example.com", "eve@example.com", None),
    ],
)
def test_a_name_survives_and_never_starts_another_header(name: str, address: str, shown: str | None) -> None:
    message = parse(mail([mailbox("To", name, address)], "x", ""))
    assert "Bcc" not in message
    recipient = message["To"].addresses[0]
    assert recipient.addr_spec == address
    assert recipient.display_name == " ".join(name.split())
    if shown:
        assert str(message["To"]) == shown


def test_a_domain_beyond_ascii_goes_as_idna_and_a_local_part_as_utf8() -> None:
    assert mailbox("To", "", "info@bücher.example") == "To: info@xn--bcher-kva.example"
    # The standard library reads raw UTF-8 headers (RFC 6532) from text only.
    data = mail([mailbox("To", "Üser", "üser@bücher.example")], "x", "").decode()
    message = email.message_from_string(data, policy=email.policy.default)
    assert message["To"].addresses[0].addr_spec == "üser@bücher.example"


def test_without_html_the_mail_is_plain_text_alone() -> None:
    message = parse(mail(["From: a@b.example"], "Grüße", ""))
    assert message.get_content_type() == "text/plain"
    assert message.get_content().strip() == "Grüße"
