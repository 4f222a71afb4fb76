"""Graph's sendMail: what goes out, what each answer means, and that a mail is never offered twice."""

import time
from email.utils import formatdate

import pytest

from senders.transports.base import Deferred, Disconnected, Outcome, Rejected, Sent, Throttled, Unanswered
from senders.transports.oauth_replies import DAY, HOUR
from senders.transports.outlook.replies import outcome_of, read_reply
from tests.providers.microsoft import SEND, MicrosoftServer, error
from tests.senders.conftest import outgoing
from tests.senders.providers import Connected


def offered(outlook: Connected) -> Outcome:
    with outlook.open() as line:
        return line.send(outgoing())


def test_the_mail_goes_as_it_is(outlook: Connected) -> None:
    assert offered(outlook) == Sent(detail="request-1")
    assert outlook.sent == [outgoing().data]
    assert outlook.server.asked(SEND)[0].headers["content-type"] == "text/plain"


def test_nothing_but_sending_and_the_address_is_ever_asked_of_graph(outlook: Connected) -> None:
    offered(outlook)
    graph = [asked.path for asked in outlook.server.requests if asked.path.startswith("/v1.0")]
    assert graph == ["/v1.0/me", SEND]


@pytest.mark.parametrize(
    ("status", "code", "kind", "wait"),
    [
        (400, "ErrorInvalidRecipients", Rejected, None),
        (400, "ErrorMimeContentInvalid", Rejected, None),
        (413, "ErrorMessageSizeExceeded", Rejected, None),
        (403, "ErrorAccessDenied", Disconnected, None),
        (403, "ErrorSendAsDenied", Disconnected, None),
        (403, "ErrorMessageSubmissionBlocked", Disconnected, None),
        (404, "MailboxNotEnabledForRESTAPI", Disconnected, None),
        (403, "ErrorExceededMessageLimit", Throttled, DAY),
        (429, "ErrorExceededMessageLimit", Throttled, DAY),
        (429, "ApplicationThrottled", Throttled, 60),
        (503, "CommandConcurrencyLimitReached", Throttled, 60),
        (507, "ErrorQuotaExceeded", Throttled, HOUR),
        (503, "ErrorMailboxMoveInProgress", Throttled, 300),
        (503, "ErrorServerBusy", Deferred, None),
        (409, "ErrorIrresolvableConflict", Deferred, None),
        (500, "ErrorInternalServerError", Unanswered, None),
        (502, "UnknownError", Unanswered, None),
        (504, "UnknownError", Unanswered, None),
    ],
)
def test_what_an_answer_means(
    outlook: Connected, status: int, code: str, kind: type[Outcome], wait: float | None
) -> None:
    assert isinstance(outlook.server, MicrosoftServer)
    outlook.server.refuse(status, code, "Some words.")
    outcome = offered(outlook)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Sent)
    assert f"{status} {code}: Some words" in outcome.reason
    if isinstance(outcome, Throttled):
        assert outcome.retry_after == wait
    assert len(outlook.server.asked(SEND)) == 1, "one answer, one request"


def test_retry_after_is_honoured(outlook: Connected) -> None:
    assert isinstance(outlook.server, MicrosoftServer)
    outlook.server.refuse(429, "ApplicationThrottled", "Slow down", retry_after=17, times=1)
    assert offered(outlook) == Throttled("429 ApplicationThrottled: Slow down", 17)
    outlook.server.refuse(503, "ErrorServerBusy", "Later", retry_after=5)
    assert offered(outlook) == Deferred("503 ErrorServerBusy: Later", 5)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"error": "x"}'])
def test_an_answer_that_is_no_document_is_read_all_the_same(content: bytes) -> None:
    assert outcome_of(read_reply(429, "soon", content)) == Throttled("429", 60)


def test_a_date_to_come_back_at_is_understood() -> None:
    outcome = outcome_of(read_reply(503, formatdate(time.time() + 120, usegmt=True), b""))
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after
    assert 110 < outcome.retry_after <= 120


def test_a_token_that_is_refused_twice_disconnects(outlook: Connected) -> None:
    outlook.server.answer(SEND, 401, error(401, "InvalidAuthenticationToken", "x").body)
    assert isinstance(offered(outlook), Disconnected)
    assert len(outlook.server.asked(SEND)) == 2
