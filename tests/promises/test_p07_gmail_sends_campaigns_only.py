"""p07: Gmail is asked for `gmail.send` alone, and nothing but campaign mail goes through a Gmail sender."""

import ast
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.models import Campaign
from senders.connecting import flow
from senders.models import Sender, SenderState
from senders.notices import send_notices
from tests.conftest import Browser
from tests.providers.google import SEND, GoogleServer
from tests.senders.providers import Connected

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "campaigns", "ecrm", "leads", "senders", "tracking")
READS = ("gmail.readonly", "gmail.modify", "gmail.metadata", "gmail.compose", "gmail.insert", "mail.google.com")


def test_p07_the_consent_url_asks_for_sending_and_the_address_alone(
    google: GoogleServer, acme: Organisation, alice: User
) -> None:
    url = flow.start_connecting(alice, acme, "gmail")
    scopes = parse_qs(urlsplit(url).query)["scope"][0].split()
    assert sorted(scopes) == ["email", "https://www.googleapis.com/auth/gmail.send", "openid"]
    assert "include_granted_scopes" not in url


def test_p07_no_scope_that_reads_stands_anywhere_in_the_code() -> None:
    for path in sources():
        text = path.read_text()
        assert not [scope for scope in READS if scope in text], path


def sources() -> list[Path]:
    return [path for app in APPS for path in (ROOT / app).rglob("*.py")]


def test_p07_only_the_campaign_engine_opens_a_sender() -> None:
    """Whoever imports the transports' `connect`, a connection class or the Gmail API is one of these."""
    doors = {
        "connect",
        "TRANSPORTS",
        "GmailConnection",
        "OutlookConnection",
        "SmtpConnection",
        "ApiConnection",
        "build",
    }
    users = {str(path.relative_to(ROOT)) for path in sources() if doors & imported(path)}
    inside = {user for user in users if user.startswith("senders/transports/")}
    assert users - inside == {"campaigns/engine/deliver.py", "campaigns/engine/trial.py"}


def imported(path: Path) -> set[str]:
    """What a file imports from the transports or from Google's API client."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if module.startswith(("senders.transports", "googleapiclient")):
            assert isinstance(node, ast.ImportFrom)
            found |= {name.name for name in node.names}
        if isinstance(node, ast.Import):
            assert not [name for name in node.names if name.name.startswith("googleapiclient")], path
    return found


@pytest.mark.django_db(transaction=True)
def test_p07_a_campaigns_mails_go_through_it_and_nothing_else_does(
    campaign: Campaign, gmail: Connected, as_alice: Browser
) -> None:
    engine.drain(gmail.sender.pk)
    assert len(gmail.sent) == 3
    reset = {"email": "alice@acme.example"}
    as_alice.post("/_allauth/app/v1/auth/password/request", reset, content_type="application/json")
    Sender.objects.update(state=SenderState.DISCONNECTED, notice_due=True)
    assert send_notices() == 1
    Sender.objects.update(state=SenderState.ACTIVE)
    as_alice.post(f"/o/acme/senders/{gmail.sender.pk}/check/")
    assert {message.to[0] for message in mail.outbox} == {"alice@acme.example"}
    assert len(mail.outbox) == 2, "our own mail goes through the operator's relay"
    assert len(gmail.sent) == 3
    asked = {request.path for request in gmail.server.requests}
    assert asked <= {SEND, "/token", "/keys", "/consent"}, "and nothing is ever read"
