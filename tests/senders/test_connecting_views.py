"""The pages of connecting: what they say before anything is asked, the way back, and who may not."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from accounts.models import Organisation, User
from senders.models import ConnectAttempt, Grant, Sender, SenderState
from tests.conftest import Browser
from tests.providers.google import GoogleServer
from tests.providers.microsoft import MicrosoftServer
from tests.senders.providers import Connected

GMAIL = "/o/acme/senders/connect/gmail/"
OUTLOOK = "/o/acme/senders/connect/outlook/"
BACK = "/oauth/callback/"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def toast(response: Any) -> str:
    said: str = json.loads(response["HX-Trigger"])["toast"]["message"]
    return said


def test_the_page_says_what_is_asked_and_why_before_anything_is(as_alice: Browser, google: GoogleServer) -> None:
    page = text(as_alice.get(GMAIL))
    assert "Send email on your behalf" in page
    assert "It cannot read, search or delete your mail" in page
    assert "Limited Use" in page
    assert "never sees your password" in page
    assert 'type="password"' not in page
    assert not ConnectAttempt.objects.exists(), "looking starts nothing"


def test_a_post_sends_the_whole_browser_to_the_consent_page(as_alice: Browser, google: GoogleServer) -> None:
    response = as_alice.post(GMAIL)
    assert response.status_code == 204
    assert response["HX-Redirect"].startswith(f"{google.url}/consent?")
    assert not response.cookies


def test_the_way_back_is_the_shell_and_then_posts_what_it_was_given(as_alice: Browser, google: GoogleServer) -> None:
    code, state = google.approve(as_alice.post(GMAIL)["HX-Redirect"])
    back = f"{BACK}?code={code}&state={state}"
    shell = as_alice.navigate(back)
    assert b"data-shell" in shell.content
    assert shell.content == as_alice.navigate("/o/acme/").content
    page = text(as_alice.get(back))
    assert f'name="code" value="{code}"' in page
    assert f'name="state" value="{state}"' in page
    assert 'hx-trigger="load, submit"' in page
    assert not Sender.objects.exists(), "a GET changes nothing"
    response = as_alice.post(BACK, {"code": code, "state": state})
    sender = Sender.objects.get()
    assert json.loads(response["HX-Location"]) == {
        "path": f"/o/acme/senders/{sender.pk}/", "push": "false", "replace": "true",
    }  # fmt: skip
    assert toast(response) == "alice.archer@gmail.com is connected."


def test_the_same_way_back_twice_says_so(as_alice: Browser, google: GoogleServer) -> None:
    code, state = google.approve(as_alice.post(GMAIL)["HX-Redirect"])
    assert as_alice.post(BACK, {"code": code, "state": state}).status_code == 204
    again = as_alice.post(BACK, {"code": code, "state": state})
    assert again.status_code == 422
    assert "was used already" in text(again)


def test_a_refusal_keeps_the_way_to_try_again(as_alice: Browser, google: GoogleServer) -> None:
    google.unticked = {"https://www.googleapis.com/auth/gmail.send"}
    code, state = google.approve(as_alice.post(GMAIL)["HX-Redirect"])
    response = as_alice.post(BACK, {"code": code, "state": state})
    assert response.status_code == 422
    assert "Sending needs it" in text(response)
    assert f'href="{GMAIL}"' in text(response)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("access_denied", "You did not allow it"),
        ("server_error", "(server_error)"),
        ("<script>alert(1)</script>", "(no code)"),
    ],
)
def test_who_comes_back_without_a_code_is_told_why(
    as_alice: Browser, google: GoogleServer, error: str, said: str
) -> None:
    _, state = google.approve(as_alice.post(GMAIL)["HX-Redirect"])
    page = text(as_alice.get(BACK, {"error": error, "state": state}))
    assert said in page
    assert "<script>alert" not in page
    assert f'href="{GMAIL}"' in page


@pytest.mark.parametrize("given", [{}, {"code": "x"}, {"state": "x"}, {"code": "x", "state": "\0"}, {"error": "\0"}])
def test_a_way_back_from_nowhere_is_no_error_of_ours(as_alice: Browser, given: dict[str, str]) -> None:
    assert as_alice.get(BACK, given).status_code == 200
    assert as_alice.post(BACK, given).status_code == 422


def test_without_a_token_nothing_is_finished(as_alice: Browser, google: GoogleServer, client: Any) -> None:
    code, state = google.approve(as_alice.post(GMAIL)["HX-Redirect"])
    assert client.post(BACK, {"code": code, "state": state}).status_code == 401
    assert not Sender.objects.exists()


def test_outlook_connects_alike(as_alice: Browser, microsoft: MicrosoftServer) -> None:
    assert "Connect Outlook" in text(as_alice.get(OUTLOOK))
    code, state = microsoft.approve(as_alice.post(OUTLOOK)["HX-Redirect"])
    assert as_alice.post(BACK, {"code": code, "state": state}).status_code == 204
    assert Sender.objects.get().kind == "outlook"


def test_where_the_operator_has_set_nothing_the_buttons_say_so(as_alice: Browser) -> None:
    page = text(as_alice.get("/o/acme/senders/new/"))
    assert "Gmail is not set up on this server: its operator must set ECRM_GOOGLE_CLIENT_ID and" in page
    assert f'href="{GMAIL}"' not in page
    assert "disabled" in text(as_alice.get(GMAIL))
    response = as_alice.post(GMAIL)
    assert response.status_code == 422
    assert "ECRM_GOOGLE_CLIENT_ID" in text(response)


def test_the_add_page_offers_what_is_set_up(as_alice: Browser, google: GoogleServer) -> None:
    page = text(as_alice.get("/o/acme/senders/new/"))
    assert f'href="{GMAIL}"' in page
    assert f'href="{OUTLOOK}"' not in page


def test_a_connected_senders_page_has_no_server_and_no_password(as_alice: Browser, gmail: Connected) -> None:
    page = text(as_alice.get(f"/o/acme/senders/{gmail.sender.pk}/"))
    assert "To send, and nothing else" in page
    assert "Server" not in page
    edit = text(as_alice.get(f"/o/acme/senders/{gmail.sender.pk}/edit/"))
    for name in ("address", "host", "username", "password"):
        assert f'name="{name}"' not in edit


def test_the_check_renews_the_permission_and_says_what_failed(as_alice: Browser, gmail: Connected) -> None:
    url = f"/o/acme/senders/{gmail.sender.pk}/check/"
    assert "Google renewed it just now" in text(as_alice.post(url))
    gmail.server.end_permissions()
    page = text(as_alice.post(url))
    assert "Renew it at the provider</strong> failed" in page
    assert "does not honour the permission any more" in page


def test_disconnecting_is_confirmed_and_leaves_the_sender(as_alice: Browser, gmail: Connected) -> None:
    one = f"/o/acme/senders/{gmail.sender.pk}/"
    assert f'action="{one}disconnect/"' in text(as_alice.get(one))
    response = as_alice.post(f"{one}disconnect/")
    assert toast(response) == "alice.archer@gmail.com is disconnected."
    sender = Sender.objects.get()
    assert sender.state == SenderState.DISCONNECTED
    page = text(as_alice.get(one))
    assert f'href="{GMAIL}?sender={sender.pk}"' in page
    assert "None: connect the mailbox again" in page


def test_every_page_says_that_a_sender_waits_for_a_person(as_alice: Browser, gmail: Connected) -> None:
    assert "is disconnected" not in text(as_alice.get("/o/acme/leads/"))
    Sender.objects.update(state=SenderState.DISCONNECTED)
    page = text(as_alice.get("/o/acme/leads/"))
    assert "alice.archer@gmail.com is disconnected." in page
    assert f'href="/o/acme/senders/{gmail.sender.pk}/"' in page


def test_connecting_again_leads_back_to_the_same_sender(as_alice: Browser, gmail: Connected) -> None:
    Sender.objects.update(state=SenderState.DISCONNECTED)
    url = f"{GMAIL}?sender={gmail.sender.pk}"
    assert "Connect alice.archer@gmail.com again" in text(as_alice.get(url))
    code, state = gmail.server.approve(as_alice.post(url)["HX-Redirect"])
    response = as_alice.post(BACK, {"code": code, "state": state})
    assert toast(response) == "alice.archer@gmail.com is connected again."
    assert Sender.objects.get().state == SenderState.ACTIVE


def test_a_stranger_finds_nothing(as_alice: Browser, as_charlie: Browser, gmail: Connected) -> None:
    for path in (GMAIL, OUTLOOK):
        assert as_charlie.get(path).status_code == as_charlie.post(path).status_code == 404
    assert as_charlie.post(f"/o/acme/senders/{gmail.sender.pk}/disconnect/").status_code == 404
    assert as_charlie.post(f"/o/other/senders/{gmail.sender.pk}/disconnect/").status_code == 404
    assert as_charlie.get(f"/o/other/senders/connect/gmail/?sender={gmail.sender.pk}").status_code == 404
    assert as_charlie.post(f"/o/other/senders/connect/gmail/?sender={gmail.sender.pk}").status_code == 404
    code, state = gmail.server.approve(as_alice.post(GMAIL)["HX-Redirect"])
    page = as_charlie.get(BACK, {"code": code, "state": state})
    assert "Acme" not in text(page)
    assert as_charlie.post(BACK, {"code": code, "state": state}).status_code == 422
    assert Grant.objects.count() == 1


def test_a_viewer_connects_and_disconnects_nothing(as_vera: Browser, gmail: Connected) -> None:
    for path in (GMAIL, OUTLOOK):
        assert as_vera.get(path).status_code == as_vera.post(path).status_code == 403
    one = f"/o/acme/senders/{gmail.sender.pk}/"
    assert as_vera.post(f"{one}disconnect/").status_code == 403
    assert "disconnect/" not in text(as_vera.get(one))
    assert Sender.objects.get().state == SenderState.ACTIVE


@pytest.mark.parametrize("path", ["/o/acme/senders/connect/smtp/", "/o/acme/senders/connect/pigeon/"])
def test_there_is_no_other_provider(as_alice: Browser, path: str) -> None:
    assert as_alice.get(path).status_code == as_alice.post(path).status_code == 404


@pytest.mark.parametrize("sender", ["x", "-1", "9" * 30, "0"])
def test_a_sender_that_is_none_is_not_found(as_alice: Browser, google: GoogleServer, sender: str) -> None:
    assert as_alice.get(GMAIL, {"sender": sender}).status_code == 404


def test_a_sender_by_smtp_is_not_connected_by_consent(
    as_alice: Browser, google: GoogleServer, acme: Organisation, alice: User
) -> None:
    smtp = Sender.objects.create(organisation=acme, name="A", address="a@acme.example", host="smtp.acme.example")
    assert as_alice.get(GMAIL, {"sender": smtp.pk}).status_code == 404
    assert as_alice.post(f"/o/acme/senders/{smtp.pk}/disconnect/").status_code == 404


def test_the_api_shows_and_disconnects_but_connects_nothing(as_alice: Browser, gmail: Connected) -> None:
    base = "/orgs/acme/senders"
    body = {"kind": "gmail", "name": "A", "address": "a@gmail.com", "host": "", "port": 0, "security": "none"}
    refused = as_alice.api("POST", base, body)
    assert refused.status_code == 422
    assert "in the browser" in refused.json()["errors"][0]["message"]
    one = f"{base}/{gmail.sender.pk}"
    shown = as_alice.api("GET", one).json()
    assert (shown["kind"], shown["state"], shown["has_password"]) == ("gmail", "active", False)
    assert as_alice.api("PATCH", one, {"name": "Alice A."}).json()["name"] == "Alice A."
    for field, value in {"address": "b@gmail.com", "host": "evil.example", "password": "x", "username": "x"}.items():
        response = as_alice.api("PATCH", one, {field: value})
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == field
    assert as_alice.api("POST", f"{one}/check").json()["ok"]
    gone = as_alice.api("POST", f"{one}/disconnect").json()
    assert (gone["state"], gone["left_to_do"]) == ("disconnected", "")
    assert not Grant.objects.exists()


def test_the_consent_page_is_at_the_provider_alone(as_alice: Browser, google: GoogleServer) -> None:
    assert urlsplit(as_alice.post(GMAIL)["HX-Redirect"]).netloc == urlsplit(google.url).netloc
