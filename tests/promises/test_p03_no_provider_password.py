"""p03: the Google or Microsoft password is never asked for; the provider's own consent page is the only way to connect."""

from typing import Any

import pytest

from accounts.models import Organisation
from senders.models import Grant, Sender
from senders.presets import CONSENT_HOSTS, PROVIDERS
from tests.conftest import Browser
from tests.providers.google import GoogleServer
from tests.providers.microsoft import MicrosoftServer
from tests.senders.providers import Connected

TYPED = {
    "name": "Alice", "address": "alice@gmail.com", "port": 587, "security": "starttls", "username": "alice@gmail.com",
    "password": "the-google-password",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["gmail", "outlook"])
def test_p03_no_page_of_connecting_asks_for_a_password(
    as_alice: Browser, google: GoogleServer, microsoft: MicrosoftServer, kind: str
) -> None:
    url = f"/o/acme/senders/connect/{kind}/"
    page = as_alice.get(url).content.decode()
    assert "password" not in page.replace("never sees your password", "")
    server = google if kind == "gmail" else microsoft
    code, state = server.approve(as_alice.post(url)["HX-Redirect"])
    back = as_alice.get("/oauth/callback/", {"code": code, "state": state}).content.decode()
    assert "password" not in back


def test_p03_a_connected_senders_form_has_no_place_for_one(as_alice: Browser, gmail: Connected) -> None:
    edit = f"/o/acme/senders/{gmail.sender.pk}/edit/"
    assert "password" not in as_alice.get(edit).content.decode()
    as_alice.post(edit, {"name": "Alice", "password": "the-google-password", "username": "alice"})
    assert Sender.objects.get().secret is None


@pytest.mark.parametrize("host", [*CONSENT_HOSTS, "SMTP.Gmail.com."])
def test_p03_the_smtp_form_and_the_api_take_none_for_their_servers(
    as_alice: Browser, acme: Organisation, host: str
) -> None:
    response = as_alice.post("/o/acme/senders/new/", TYPED | {"host": host})
    assert response.status_code == 422
    assert "eCRM takes no password for" in response.content.decode()
    refused = as_alice.api("POST", "/orgs/acme/senders", TYPED | {"kind": "smtp", "host": host})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "host"
    assert not Sender.objects.exists()


def test_p03_no_preset_leads_there() -> None:
    assert not {preset.host for preset in PROVIDERS} & CONSENT_HOSTS.keys()


@pytest.mark.parametrize("kind", ["gmail", "outlook"])
@pytest.mark.parametrize("extra", [{}, {"refresh_token": "x"}, {"token": "x"}])
def test_p03_the_api_makes_no_such_sender(
    as_alice: Browser, google: GoogleServer, microsoft: MicrosoftServer, kind: str, extra: dict[str, Any]
) -> None:
    body = TYPED | {"kind": kind, "host": "smtp.acme.example"} | extra
    assert as_alice.api("POST", "/orgs/acme/senders", body).status_code == 422
    assert not Sender.objects.exists()
    assert not Grant.objects.exists()
