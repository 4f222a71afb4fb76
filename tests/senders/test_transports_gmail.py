"""Gmail's send call: what goes out, what each answer means, and that a mail is never offered twice."""

import base64
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from senders.services import mailbox_of
from senders.transports import connect, oauth_http
from senders.transports.base import (
    ConnectError,
    Deferred,
    Disconnected,
    Outcome,
    Outgoing,
    Rejected,
    Sent,
    Throttled,
    Unanswered,
)
from senders.transports.gmail.connection import GmailConnection, thread_of
from senders.transports.gmail.replies import outcome_of, read_reply
from senders.transports.oauth_replies import DAY
from tests.providers.google import SEND, GoogleServer, error
from tests.senders.conftest import outgoing
from tests.senders.providers import Connected


def offered(gmail: Connected, mail: Outgoing | None = None) -> Outcome:
    with gmail.open() as line:
        return line.send(mail or outgoing())


def test_the_mail_goes_as_it_is_and_its_ids_come_back(gmail: Connected) -> None:
    outcome = offered(gmail)
    assert outcome == Sent(provider_id="0000000000000001/0000000000000001")
    assert gmail.sent == [outgoing().data]
    asked = gmail.server.asked(SEND)[0]
    assert asked.headers["content-type"] == "application/json"
    assert base64.urlsafe_b64decode(json.loads(asked.body)["raw"]) == outgoing().data
    assert set(json.loads(asked.body)) == {"raw"}


def test_nothing_but_send_is_ever_asked_of_the_api(gmail: Connected) -> None:
    with gmail.open() as line:
        for _ in range(3):
            line.send(outgoing())
    assert {asked.path for asked in gmail.server.requests if asked.path.startswith("/gmail")} == {SEND}


def test_a_follow_up_goes_on_in_its_thread(gmail: Connected) -> None:
    first = offered(gmail)
    assert isinstance(first, Sent)
    mail = outgoing()
    second = offered(gmail, Outgoing(2, mail.envelope_from, mail.recipient, mail.data, thread_of(first.provider_id)))
    assert isinstance(second, Sent)
    assert thread_of(second.provider_id) == thread_of(first.provider_id)


def test_a_thread_that_its_owner_deleted_does_not_keep_the_mail_back(gmail: Connected) -> None:
    mail = outgoing()
    assert isinstance(offered(gmail, Outgoing(2, mail.envelope_from, mail.recipient, mail.data, "gone")), Sent)
    assert len(gmail.sent) == 1


@pytest.mark.parametrize(
    ("status", "reason", "words", "kind", "wait"),
    [
        (400, "invalidArgument", "Invalid To header", Rejected, None),
        (400, "badRequest", "Bad Request", Rejected, None),
        (400, "failedPrecondition", "Mail service not enabled", Disconnected, None),
        (403, "dailyLimitExceeded", "Daily Limit Exceeded", Throttled, DAY),
        (403, "userRateLimitExceeded", "User Rate Limit Exceeded", Throttled, 60),
        (403, "rateLimitExceeded", "Rate Limit Exceeded", Throttled, 60),
        (403, "domainPolicy", "The domain administrators have disabled Gmail apps.", Disconnected, None),
        (403, "insufficientPermissions", "Insufficient Permission", Disconnected, None),
        (403, "accessNotConfigured", "Gmail API has not been used in project 1", Throttled, 3600),
        (403, "forbidden", "Delegation denied", Disconnected, None),
        (413, "uploadTooLarge", "Too large", Rejected, None),
        (429, "rateLimitExceeded", "Too many concurrent requests for user", Throttled, 60),
        (429, "userRateLimitExceeded", "User-rate limit exceeded.  (Mail sending)", Throttled, DAY),
        (500, "backendError", "Backend Error", Deferred, None),
        (503, "backendError", "Service unavailable", Deferred, None),
        (502, "", "", Unanswered, None),
        (504, "", "", Unanswered, None),
        (418, "teapot", "I am a teapot", Deferred, None),
    ],
)
def test_what_an_answer_means(
    gmail: Connected, status: int, reason: str, words: str, kind: type[Outcome], wait: float | None
) -> None:
    assert isinstance(gmail.server, GoogleServer)
    gmail.server.refuse(status, reason, words)
    outcome = offered(gmail)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Sent)
    assert str(status) in outcome.reason
    if isinstance(outcome, Throttled):
        assert outcome.retry_after == wait
    assert len(gmail.server.asked(SEND)) == 1, "one answer, one request"


def test_google_says_how_long_to_wait_in_a_header_or_in_words(gmail: Connected) -> None:
    assert isinstance(gmail.server, GoogleServer)
    gmail.server.refuse(429, "rateLimitExceeded", "Slow down", retry_after=17, times=1)
    assert offered(gmail) == Throttled("429 Slow down", 17)
    until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 900))
    gmail.server.refuse(429, "userRateLimitExceeded", f"User-rate limit exceeded.  Retry after {until}")
    outcome = offered(gmail)
    assert isinstance(outcome, Throttled)
    assert 890 < outcome.retry_after < 910


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {"errors": [[]]}}'])
def test_an_answer_that_is_no_document_is_read_all_the_same(content: bytes) -> None:
    assert isinstance(outcome_of(read_reply(503, "soon", content)), Deferred)


def test_a_success_whose_words_are_lost_is_a_success(gmail: Connected) -> None:
    gmail.server.answer(SEND, 200, "not JSON")
    assert offered(gmail) == Sent()


def test_a_token_that_is_refused_twice_disconnects(gmail: Connected) -> None:
    gmail.server.answer(SEND, 401, error(401, "authError", "Invalid Credentials").body)
    assert isinstance(offered(gmail), Disconnected)
    assert len(gmail.server.asked(SEND)) == 2


def test_a_connection_that_idled_long_is_not_trusted(gmail: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth_http, "IDLE_SECONDS", -1.0)
    with gmail.open() as line:
        before = gmail.server.connections
        for _ in range(3):
            assert isinstance(line.send(outgoing()), Sent)
    assert gmail.server.connections - before == 3


def test_an_answer_that_is_too_long_in_coming_is_unanswered(gmail: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth_http, "ANSWER_SECONDS", 0.3)
    gmail.server.delay(SEND, 1.5, times=1)
    outcome = offered(gmail)
    assert isinstance(outcome, Unanswered)
    assert "in time" in outcome.reason


def test_a_person_who_waits_is_answered_in_time(gmail: Connected) -> None:
    gmail.server.delay(SEND, 3, times=1)
    started = time.monotonic()
    with connect(replace(mailbox_of(gmail.sender), deadline=started + 0.5)) as line:
        assert isinstance(line.send(outgoing()), Unanswered)
    assert time.monotonic() - started < 2.5


def test_a_server_that_is_not_there_leaves_the_mail_with_us(gmail: Connected, settings: Any) -> None:
    with gmail.open() as line:
        gmail.server.drop_at("CONNECT")
        assert isinstance(line.send(outgoing()), Deferred)
        settings.GOOGLE = settings.GOOGLE | {"api_url": "https://localhost:1"}
        outcome = line.send(outgoing())
    assert isinstance(outcome, Deferred)
    assert "nothing listens there" in outcome.reason


def test_connections_share_one_tls_context(gmail: Connected) -> None:
    contexts = set()
    for _ in range(2):
        with gmail.open() as line:
            assert isinstance(line, GmailConnection)
            assert isinstance(line.send(outgoing()), Sent)
            contexts |= {connection._context for connection in line.http.connections.values()}
    assert len(contexts) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(gmail: Connected, settings: Any) -> None:
    line = gmail.open()
    settings.OAUTH_CA_FILE = ""
    with gmail.open() as strict:
        outcome = strict.send(outgoing())
    line.close()
    assert isinstance(outcome, Deferred)
    assert not gmail.sent


def test_a_mailbox_without_tokens_opens_nothing(gmail: Connected) -> None:
    with pytest.raises(ConnectError):
        connect(replace(mailbox_of(gmail.sender), tokens=None))
