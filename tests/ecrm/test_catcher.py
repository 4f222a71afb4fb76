"""The mail catcher: what it keeps, and the pages that show it."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ecrm.catcher import mail
from ecrm.catcher.server import catcher


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def letter(to: str = "lead@example.com", subject: str = "Grüße") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Alice <alice@acme.example>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Look: http://testserver/c/abc?x=1&y=2#z.\n<script>alert(1)</script>")
    html = '<p>Hello</p><img src="http://testserver/o/pixel.gif"><script>alert(1)</script>'
    message.add_alternative(html, subtype="html")
    return message


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.MAIL_CATCHER_DIR = tmp_path
    return tmp_path


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    number = free_port()
    server = catcher(folder, number, most=3)
    server.start()
    yield number
    server.stop()


def deliver(port: int, *messages: EmailMessage, sign_in: bool = False) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        if sign_in:
            client.login("anyone", "anything")
        for message in messages:
            client.send_message(message)


def test_a_mail_is_kept_whole_under_its_envelope(port: int, folder: Path) -> None:
    deliver(port, letter())
    (name,) = mail.names(folder)
    kept = (folder / f"{name}.eml").read_bytes()
    assert kept.startswith(b"X-Envelope-From: alice@acme.example\r\nX-Envelope-To: lead@example.com\r\nFrom: Alice")
    assert not list(folder.glob("*.tmp"))


def test_anyone_may_sign_in(port: int, folder: Path) -> None:
    deliver(port, letter(), sign_in=True)
    assert len(mail.names(folder)) == 1


def test_an_address_beyond_ascii_is_taken(port: int, folder: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        client.sendmail("alice@acme.example", ["jürgen@example.com"], b"Subject: x\r\n\r\ny\r\n", ["SMTPUTF8"])
    (name,) = mail.names(folder)
    assert mail.envelope_to(folder, name) == "jürgen@example.com"


def test_the_oldest_mails_go_first_beyond_the_ceiling(port: int, folder: Path) -> None:
    deliver(port, *(letter(subject=f"Number {number}") for number in range(5)))
    subjects = [summary.subject for summary in mail.summaries(folder, mail.names(folder))]
    assert subjects == ["Number 4", "Number 3", "Number 2"]


def test_without_a_catcher_its_pages_do_not_exist(settings: Any, db: None) -> None:
    settings.MAIL_CATCHER_DIR = None
    name = f"{1:020d}-00000000"
    for path in ("/dev/mail/", f"/dev/mail/{name}/", f"/dev/mail/{name}/html/"):
        assert Client().get(path).status_code == 404


def test_the_inbox_filters_by_recipient(port: int, folder: Path) -> None:
    deliver(port, letter("one@example.com", "First"), letter("two@example.com", "Second"))
    page = Client().get("/dev/mail/").content.decode()
    assert page.index("Second") < page.index("First")
    page = Client().get("/dev/mail/?to=ONE@").content.decode()
    assert "First" in page
    assert "Second" not in page
    fragment = Client().get("/dev/mail/", headers={"HX-Request-Type": "partial"}).content.decode()
    assert "First" in fragment
    assert "<html" not in fragment


def test_a_mails_text_is_escaped_and_its_links_are_exact(folder: Path) -> None:
    name = mail.store(folder, "alice@acme.example", ["lead@example.com"], letter().as_bytes())
    response = Client().get(f"/dev/mail/{name}/")
    page = response.content.decode()
    assert 'href="http://testserver/c/abc?x=1&amp;y=2#z" target="_blank"' in page
    assert "<script>alert(1)" not in page
    assert "Grüße" in page
    assert not response.cookies


def test_the_html_part_runs_no_script_and_may_load_our_pixel(folder: Path) -> None:
    name = mail.store(folder, "alice@acme.example", ["lead@example.com"], letter().as_bytes())
    response = Client().get(f"/dev/mail/{name}/html/")
    policy = response["Content-Security-Policy"]
    assert response.content.startswith(b'<base target="_blank"><p>Hello</p>')
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "img-src 'self' data: http://testserver;" in policy
    assert policy.endswith("sandbox allow-popups allow-popups-to-escape-sandbox")


def test_deleting_removes_every_mail(folder: Path) -> None:
    mail.store(folder, "a@acme.example", ["b@example.com"], b"Subject: x\r\n\r\n")
    assert Client().post("/dev/mail/").status_code == 204
    assert mail.names(folder) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no header at all",
        b"Subject: =?nonsense?q?=FF?=\r\nFrom: <<>@\r\nTo: ;;:\r\nDate: never\r\n\r\nx",
        b"Content-Type: text/html; charset=martian\r\n\r\n<p>\xff",
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n",
        b"\xff\xfe: \xff\r\n\r\n\xff",
    ],
)
def test_a_broken_mail_is_shown_too(folder: Path, data: bytes) -> None:
    name = mail.store(folder, "a@acme.example", ["b@example.com"], data)
    assert Client().get("/dev/mail/").status_code == 200
    assert Client().get(f"/dev/mail/{name}/").status_code == 200


def test_no_other_file_can_be_reached(folder: Path) -> None:
    (folder / "secret.eml").write_text("Subject: secret\n\n")
    assert mail.load(folder, "../secret") is None
    assert Client().get("/dev/mail/secret/").status_code == 404


def test_the_command_catches_until_it_is_told_to_stop(tmp_path: Path) -> None:
    number = free_port()
    environment = os.environ | {"ECRM_MAIL_CATCHER_DIR": str(tmp_path), "ECRM_MAIL_CATCHER_PORT": str(number)}
    process = subprocess.Popen([sys.executable, "manage.py", "mail_catcher"], env=environment)
    try:
        wait_for(number)
        deliver(number, letter())
        assert len(mail.names(tmp_path)) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("The catcher did not start.")


@pytest.mark.parametrize("address", ["bounce@example.com", "Bounce.Me@example.com"])
def test_a_bounce_can_be_tried_out(port: int, folder: Path, address: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            client.sendmail("alice@acme.example", [address], letter().as_bytes())
        assert caught.value.recipients[address] == (550, b"5.1.1 There is no such mailbox here")
        client.sendmail("alice@acme.example", ["rebounce@example.com"], letter().as_bytes())
    assert [mail.envelope_to(folder, name) for name in mail.names(folder)] == ["rebounce@example.com"]
    assert "begins with “bounce”" in Client().get("/dev/mail/").content.decode()


@pytest.mark.parametrize("piece", ["a@", "<", "=?utf-8?q?", "(", '"', "a,", "{{"])
def test_no_header_takes_long(folder: Path, piece: str) -> None:
    name, value = "X-Long: ", piece * (100_000 // len(piece))
    heads = [f"{header}: {value}" for header in ("Subject", "From", "To", "Content-Type", "Content-Disposition")]
    data = "\n".join([*heads, *(f"{name}{value[:1000]}" for _ in range(100)), "", "Hello"])
    kept = mail.store(folder, "a@b.example", ["c@d.example"], data.encode())
    begun = time.process_time()
    shown = mail.load(folder, kept)
    assert shown is not None
    assert shown.headers[2] == ("Subject", shown.summary.subject)
    assert [found.name for found in mail.summaries(folder, [kept])] == [kept]
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Address('Süß, "Boss"', "boss", "x.example"), 'Süß, "Boss" <boss@x.example>'),
        (Address("", "boss", "x.example"), "boss@x.example"),
    ],
)
def test_the_sender_is_shown_as_a_mail_program_shows_it(folder: Path, given: Address, shown: str) -> None:
    message = letter()
    message.replace_header("From", given)
    name = mail.store(folder, "", [], message.as_bytes())
    assert next(mail.summaries(folder, [name])).sender == shown
