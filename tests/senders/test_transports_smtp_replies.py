"""What servers say, and what follows: the wordings of the large providers, each at the stage at which it comes."""

import pytest

from senders.transports.base import Deferred, Disconnected, Rejected, Throttled
from senders.transports.smtp.replies import outcome_of

HOUR = 3600


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        ("a", 535, "5.7.8 Username and Password not accepted."),
        ("a", 534, "5.7.9 Application-specific password required."),
        ("a", 538, "5.7.11 Encryption required for requested authentication mechanism"),
        ("g", 530, "5.7.0 Must issue a STARTTLS command first"),
        ("m", 530, "5.7.57 Client not authenticated to send mail."),
        ("m", 550, "5.7.60 SMTP; Client does not have permissions to send as this sender"),
        ("m", 553, "5.7.1 <a@b>: Sender address rejected: not owned by user c@d"),
        ("r", 554, "5.7.1 <a@b>: Relay access denied"),
        ("r", 550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),
        ("d", 530, "5.7.0 Authentication Required"),
    ],
)
def test_a_person_must_reconnect(stage: str, code: int, text: str) -> None:
    assert outcome_of(stage, code, text) == Disconnected(f"{code} {text}")


@pytest.mark.parametrize(
    ("stage", "code", "text", "least"),
    [
        ("g", 421, "4.7.0 Try again later, closing connection.", 60),
        ("g", 554, "5.7.1 Service unavailable; client host blocked", 60),
        ("a", 454, "4.7.0 Too many login attempts, please try again later.", 60),
        ("m", 421, "4.7.0 Our system has detected an unusual rate of unsolicited mail", 60),
        ("m", 452, "4.3.1 Insufficient system storage", 60),
        ("r", 450, "4.2.1 The user you are trying to contact is receiving mail at a rate that …", 60),
        ("d", 421, "4.7.28 Gmail has detected an unusual rate of email", 60),
        ("r", 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", 30),
        ("d", 550, "5.4.5 Daily user sending limit exceeded.", 6 * HOUR),
        ("r", 554, "5.2.0 Your hourly sending limit has been reached", 6 * HOUR),
        ("d", 550, "5.1.90 Your message can't be sent because you've reached your daily limit", 6 * HOUR),
        ("d", 550, "5.7.26 This mail is unauthenticated: SPF and DKIM did not pass", 0.5 * HOUR),
        ("m", 501, "5.5.4 Syntax error", 60),
    ],
)
def test_the_sender_rests(stage: str, code: int, text: str, least: float) -> None:
    outcome = outcome_of(stage, code, text)
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after >= least


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        ("r", 450, "4.2.0 <a@b>: Recipient address rejected: Greylisted"),
        ("d", 451, "4.7.1 Gray-listed, come back in five minutes"),
        ("r", 451, "4.4.3 Temporary lookup failure"),
        ("r", 452, "4.2.2 The recipient's inbox is out of storage space"),
        ("r", 552, "5.2.2 Mailbox full"),
        ("d", 552, "5.2.2 Over quota"),
        ("d", 451, "4.3.0 Try again later"),
        ("r", 299, ""),
        ("r", -1, "HTTP/1.1 400 Bad Request"),
        ("d", 777, "nonsense"),
        ("d", 100000, "nonsense"),
    ],
)
def test_this_mail_waits(stage: str, code: int, text: str) -> None:
    assert isinstance(outcome_of(stage, code, text), Deferred)


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        ("r", 550, "5.1.1 The email account that you tried to reach does not exist."),
        ("r", 553, "5.1.3 Bad recipient address syntax"),
        ("r", 550, "5.7.1 Recipient not authorized by policy"),
        ("m", 552, "5.3.4 Message size exceeds fixed limit"),
        ("d", 550, "5.7.1 Message rejected as spam"),
        ("d", 554, "5.6.0 Message contains invalid header"),
    ],
)
def test_this_recipient_is_refused_for_good(stage: str, code: int, text: str) -> None:
    assert outcome_of(stage, code, text) == Rejected(f"{code} {text}")


def test_a_reason_is_one_line_and_never_long() -> None:
    outcome = outcome_of("r", 550, "5.1.1  no\r\nsuch\tuser " + "x" * 5000)
    assert isinstance(outcome, Rejected)
    assert outcome.reason.startswith("550 5.1.1 no such user xxx")
    assert len(outcome.reason) <= 310
