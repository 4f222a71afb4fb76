"""Promises p02, p10: a password that was typed once is found nowhere but in the call that needs it."""

import json
import logging
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from senders.admin import SenderAdmin
from senders.models import Sender
from senders.services import mailbox_of
from tests.conftest import Browser
from tests.ecrm.operators import signed_in_operator
from tests.providers.smtp import SmtpServer

PLANTED = "correct-horse-7f3a"
OTHER = "wrong-horse-9b2c"


def dump() -> str:
    """Every column of every table, as text; bytes also as they would read."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                found += [
                    bytes(value).decode("latin-1") if isinstance(value, memoryview) else str(value) for value in row
                ]
    return "\n".join(found)


def used_everywhere(browser: Browser, server: SmtpServer) -> list[str]:
    """Whatever a member can be answered about a sender, over its whole life, as text."""
    typed = {"name": "A", "address": "a@acme.example", "host": "localhost", "port": server.port, "security": "tls"}
    typed |= {"username": "alice", "password": PLANTED}
    answers = [browser.post("/o/acme/senders/new/", typed | {"port": "0"}), browser.post("/o/acme/senders/new/", typed)]
    one = f"/o/acme/senders/{Sender.objects.get().pk}/"
    answers += [browser.get(path) for path in ("/o/acme/senders/", one, f"{one}edit/")]
    answers += [browser.post(f"{one}check/"), browser.post(f"{one}edit/", typed | {"password": OTHER, "name": ""})]
    base = f"/orgs/acme/senders/{Sender.objects.get().pk}"
    keyed = {"Idempotency-Key": "once"}
    answers += [
        browser.api("POST", "/orgs/acme/senders", typed | {"kind": "smtp"}, headers=keyed),
        browser.api("POST", "/orgs/acme/senders", typed | {"kind": "smtp", "port": "none"}),
        browser.api("POST", "/orgs/acme/senders", typed | {"password": [PLANTED]}),
        browser.api("PATCH", base, {"password": OTHER}),
        browser.api("POST", f"{base}/check"),
        browser.api("PATCH", base, {"password": PLANTED}),
        browser.api("GET", base),
        browser.api("GET", "/orgs/acme/senders"),
        browser.get("/api/v1/openapi.json"),
    ]
    return [f"{answer.status_code} {answer.content.decode()} {dict(answer.headers)}" for answer in answers]


def test_a_planted_password_is_in_no_answer_no_log_and_no_dump(
    as_alice: Browser, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with SmtpServer(credentials=("alice", PLANTED), tls=True) as server:
        answers = used_everywhere(as_alice, server)
        assert any("Signed in as alice" in answer for answer in answers), "it was really used"
    standard = "".join(capfd.readouterr())
    for password in (PLANTED, OTHER):
        assert not [answer[:200] for answer in answers if password in answer]
        assert password not in caplog.text
        assert password not in standard
        assert password not in dump()
    assert Sender.objects.get().secret


def test_a_planted_password_is_in_no_repr_and_opens_only_by_name(as_alice: Browser) -> None:
    with SmtpServer(credentials=("alice", PLANTED), tls=True) as server:
        used_everywhere(as_alice, server)
    sender = Sender.objects.get()
    mailbox = mailbox_of(sender)
    for text in (repr(sender), str(sender.__dict__), repr(mailbox), str(mailbox), f"{mailbox.secret}"):
        assert PLANTED not in text
    with pytest.raises(TypeError):
        json.dumps(mailbox.secret)
    assert mailbox.secret is not None
    assert mailbox.secret.reveal() == PLANTED


def test_an_operator_sees_neither_the_password_nor_its_ciphertext(as_alice: Browser, operator: User) -> None:
    with SmtpServer(credentials=("alice", PLANTED), tls=True) as server:
        used_everywhere(as_alice, server)
    sender = Sender.objects.get()
    client: Client = signed_in_operator(operator)
    pages = [
        client.get(path).content for path in (f"/admin/senders/sender/{sender.pk}/change/", "/admin/senders/sender/")
    ]
    for page in pages:
        assert b"a@acme.example" in page
        assert PLANTED.encode() not in page
        assert bytes(sender.secret or b"").hex().encode() not in page
        assert b"memory at" not in page
    shown = [field for _, section in SenderAdmin.fieldsets for field in section["fields"]]
    assert "secret" not in shown


def test_an_unexpected_error_says_nothing_of_what_was_typed(
    as_alice: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> bytes:
        raise RuntimeError("the vault is out of order")

    monkeypatch.setattr("senders.services.seal", broken)
    as_alice.raise_request_exception = False
    typed = {"name": "A", "address": "a@acme.example", "host": "localhost", "port": 25, "security": "none"}
    typed |= {"username": "alice", "password": PLANTED}
    for response in (
        as_alice.post("/o/acme/senders/new/", typed),
        as_alice.api("POST", "/orgs/acme/senders", typed | {"kind": "smtp"}),
    ):
        assert response.status_code == 500
        assert PLANTED not in response.content.decode()
    assert "the vault is out of order" in caplog.text
    assert PLANTED not in caplog.text
    assert not Sender.objects.exists(), "nothing is half done"
