"""p02: OAuth tokens are stored encrypted, and are readable nowhere: dump, logs, broker, error pages, API, admin, repr."""

import base64
import logging
import re
from typing import Any

import pytest
import redis
from django.conf import settings

from accounts.models import User
from campaigns import engine
from campaigns.models import Campaign
from campaigns.tasks import drain_sender
from senders.connecting import flow
from senders.connecting.grants import tokens_of
from senders.models import ConnectAttempt, Grant
from senders.services import mailbox_of
from tests.conftest import Browser
from tests.ecrm.operators import signed_in_operator
from tests.senders.providers import Connected
from tests.senders.test_secrecy import dump

PLANTED = ("planted-access", "planted-refresh", "planted-code", "planted-client-secret")


def found_in(text: str) -> list[str]:
    return [secret for secret in PLANTED if secret in text]


def everything_in_redis() -> str:
    """Every value of the broker and the cache, as text; tasks also as they read, their bodies being in base64."""
    readers = {b"string": "GET", b"list": "LRANGE", b"set": "SMEMBERS", b"hash": "HGETALL", b"zset": "ZRANGE"}
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        keys = [(key, readers[client.type(key)]) for key in client.scan_iter()]
        values = [client.execute_command(read, key, *(("0", "-1") if "RANGE" in read else ())) for key, read in keys]
    bodies = [base64.b64decode(body) for body in re.findall(r'"body": "([A-Za-z0-9+/=]+)"', str(values))]
    return f"{keys} {values} {bodies}"


def used_everywhere(browser: Browser, mailbox: Connected) -> list[str]:
    """The life of a connected sender: shown, checked, changed, connected again, and what each answered."""
    one, api = f"/o/acme/senders/{mailbox.sender.pk}/", f"/orgs/acme/senders/{mailbox.sender.pk}"
    kind = mailbox.sender.kind
    answers = [browser.get(path) for path in ("/o/acme/senders/", one, f"{one}edit/")]
    answers += [browser.post(f"{one}check/"), browser.api("GET", api), browser.api("POST", f"{api}/check")]
    code, state = mailbox.server.approve(browser.post(f"/o/acme/senders/connect/{kind}/")["HX-Redirect"])
    answers += [browser.post("/oauth/callback/", {"code": code, "state": state}) for _ in range(2)]
    mailbox.server.answer(mailbox.server.token_path, 503, {"error": "away"}, times=10)
    answers += [browser.post(f"{one}check/"), browser.api("POST", f"{api}/check")]
    mailbox.server.forget_rules()
    return [f"{answer.status_code} {answer.content.decode()} {dict(answer.headers)}" for answer in answers]


@pytest.mark.parametrize("kind", ["gmail", "outlook"])
def test_p02_no_token_is_readable_anywhere(
    request: pytest.FixtureRequest,
    kind: str,
    as_alice: Browser,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    mailbox: Connected = request.getfixturevalue(kind)
    assert found_in(tokens_of(mailbox.sender.grant).access.reveal()), "the tokens are the planted ones"
    for answer in used_everywhere(as_alice, mailbox):
        assert not found_in(answer), answer[:300]
    assert not found_in(dump())
    assert not found_in(caplog.text)
    assert not found_in("".join(capfd.readouterr()))
    grant = Grant.objects.get()
    for shown in (repr(grant), str(grant.__dict__), repr(tokens_of(grant)), repr(mailbox_of(mailbox.sender))):
        assert not found_in(shown)


@pytest.mark.django_db(transaction=True)
def test_p02_a_campaigns_way_through_broker_and_log_carries_no_token(
    campaign: Campaign, gmail: Connected, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gmail.server.end_access()
    drain_sender.apply_async((gmail.sender.pk,))
    assert "drain_sender" in everything_in_redis()
    engine.drain(gmail.sender.pk)
    assert len(gmail.sent) == 3
    gmail.server.end_permissions()
    engine.drain(gmail.sender.pk)
    for text in (everything_in_redis(), caplog.text, dump()):
        assert not found_in(text)


def test_p02_what_waits_for_the_person_is_encrypted_too(gmail: Connected, alice: User) -> None:
    """The PKCE verifier would let whoever reads it use a code that they caught."""
    flow.start_connecting(alice, gmail.sender.organisation, "gmail")
    attempt = ConnectAttempt.objects.get()
    assert "verifier" not in dump()
    assert b"verifier" not in bytes(attempt.memory)


def test_p02_operators_see_no_token(gmail: Connected, operator: User) -> None:
    client = signed_in_operator(operator)
    for path in ("/admin/", "/admin/senders/sender/", f"/admin/senders/sender/{gmail.sender.pk}/change/"):
        page = client.get(path).content
        assert not found_in(page.decode())
        assert bytes(Grant.objects.get().secret).hex().encode() not in page


def test_p02_an_error_of_ours_says_nothing_of_a_token(
    gmail: Connected, as_alice: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> bytes:
        raise RuntimeError("the vault is out of order")

    monkeypatch.setattr("senders.connecting.grants.seal", broken)
    as_alice.raise_request_exception = False
    code, state = gmail.server.approve(as_alice.post("/o/acme/senders/connect/gmail/")["HX-Redirect"])
    for response in (
        as_alice.post("/oauth/callback/", {"code": code, "state": state}),
        as_alice.post(f"/o/acme/senders/{gmail.sender.pk}/check/"),
    ):
        assert response.status_code == 500
        assert not found_in(response.content.decode())
    assert "the vault is out of order" in caplog.text
    assert not found_in(caplog.text)
