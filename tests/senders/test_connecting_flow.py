"""Connecting by consent: what is asked, what is kept, who may come back, and once only."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts.models import Membership, Organisation, Role, User
from senders.connecting import attempts, flow
from senders.connecting.grants import tokens_of
from senders.models import ConnectAttempt, Grant, Sender, SenderState
from senders.services import delete_sender
from tests.providers.google import GoogleServer
from tests.providers.microsoft import MicrosoftServer
from tests.senders.providers import Connected, ConsentServers, connected


@pytest.fixture(params=["google", "microsoft"])
def provider(request: pytest.FixtureRequest) -> ConsentServers:
    server: ConsentServers = request.getfixturevalue(request.param)
    return server


def kind_of(server: ConsentServers) -> str:
    return "gmail" if isinstance(server, GoogleServer) else "outlook"


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_google_is_asked_for_sending_and_the_address_and_nothing_else(
    google: GoogleServer, acme: Organisation, alice: User
) -> None:
    asked = query(flow.start_connecting(alice, acme, "gmail"))
    assert set(asked["scope"].split()) == {"openid", "email", "https://www.googleapis.com/auth/gmail.send"}
    assert (asked["access_type"], asked["prompt"], asked["code_challenge_method"]) == ("offline", "consent", "S256")
    assert "include_granted_scopes" not in asked
    assert asked["redirect_uri"] == "http://testserver/oauth/callback/"


def test_microsoft_is_asked_for_sending_and_the_address_and_nothing_else(
    microsoft: MicrosoftServer, acme: Organisation, alice: User
) -> None:
    asked = query(flow.start_connecting(alice, acme, "outlook"))
    assert set(asked["scope"].split()) == {"Mail.Send", "User.Read", "openid", "profile", "offline_access"}
    assert asked["code_challenge_method"] == "S256"


def test_a_yes_makes_a_sender_that_may_send_at_once(provider: ConsentServers, acme: Organisation, alice: User) -> None:
    done = connected(provider, acme, alice)
    sender = done.sender
    assert (sender.organisation, sender.kind, sender.created_by) == (acme, kind_of(provider), alice)
    assert (sender.address, sender.name, sender.state) == (provider.person, "Alice Archer", SenderState.ACTIVE)
    assert sender.daily_limit, "a fresh mailbox has a modest limit"
    assert not sender.secret
    assert sender.grant.expires_at > timezone.now()
    assert not ConnectAttempt.objects.exists()


def test_the_same_mailbox_again_is_the_same_sender(provider: ConsentServers, acme: Organisation, alice: User) -> None:
    first = connected(provider, acme, alice).sender
    before = tokens_of(first.grant)
    flow.disconnect_sender(first)
    again = connected(provider, acme, alice).sender
    assert (again.pk, again.state, again.state_reason) == (first.pk, SenderState.ACTIVE, "")
    assert tokens_of(again.grant) != before
    assert Sender.objects.count() == Grant.objects.count() == 1


def test_a_paused_sender_that_is_connected_again_stays_paused(
    gmail: Connected, acme: Organisation, alice: User
) -> None:
    Sender.objects.update(state=SenderState.PAUSED)
    assert connected(gmail.server, acme, alice).sender.state == SenderState.PAUSED


def test_reconnecting_with_another_mailbox_changes_nothing(gmail: Connected, acme: Organisation, alice: User) -> None:
    url = flow.start_connecting(alice, acme, "gmail", gmail.sender)
    assert query(url)["login_hint"] == gmail.sender.address
    gmail.server.person = "somebody.else@gmail.com"
    code, state = gmail.server.approve(url)
    with pytest.raises(flow.ConnectError, match=r"You signed in to somebody\.else@gmail\.com"):
        flow.finish_connecting(alice, state, code)
    assert Sender.objects.get().address == gmail.sender.address


@pytest.mark.parametrize(("name", "scope"), [("google", "gmail.send"), ("microsoft", "Mail.Send")])
def test_a_person_who_unticks_sending_is_told_so(
    request: pytest.FixtureRequest, name: str, scope: str, acme: Organisation, alice: User
) -> None:
    server = request.getfixturevalue(name)
    url = flow.start_connecting(alice, acme, kind_of(server))
    server.unticked = {asked for asked in query(url)["scope"].split() if asked.endswith(scope)}
    assert server.unticked
    code, state = server.approve(url)
    with pytest.raises(flow.ConnectError, match=r"Sending needs it\. Nothing was connected"):
        flow.finish_connecting(alice, state, code)
    assert not Sender.objects.exists()


def test_a_state_works_once(provider: ConsentServers, acme: Organisation, alice: User) -> None:
    code, state = provider.approve(flow.start_connecting(alice, acme, kind_of(provider)))
    flow.finish_connecting(alice, state, code)
    with pytest.raises(flow.ConnectError, match="used already"):
        flow.finish_connecting(alice, state, code)


def test_a_state_is_its_persons_alone(provider: ConsentServers, acme: Organisation, alice: User, charlie: User) -> None:
    code, state = provider.approve(flow.start_connecting(alice, acme, kind_of(provider)))
    with pytest.raises(flow.ConnectError, match="somebody else"):
        flow.finish_connecting(charlie, state, code)
    assert not Sender.objects.exists()
    assert flow.finish_connecting(alice, state, code).sender.organisation == acme, "a stranger does not use it up"


def test_a_state_is_good_for_ten_minutes(google: GoogleServer, acme: Organisation, alice: User) -> None:
    code, state = google.approve(flow.start_connecting(alice, acme, "gmail"))
    ConnectAttempt.objects.update(created_at=timezone.now() - attempts.LIFE - timedelta(seconds=1))
    with pytest.raises(flow.ConnectError, match="ten minutes"):
        flow.finish_connecting(alice, state, code)
    flow.start_connecting(alice, acme, "gmail")
    assert ConnectAttempt.objects.count() == 1, "what came to nothing is forgotten"


def test_somebody_who_lost_their_role_meanwhile_connects_nothing(
    google: GoogleServer, acme: Organisation, alice: User
) -> None:
    code, state = google.approve(flow.start_connecting(alice, acme, "gmail"))
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    with pytest.raises(flow.ConnectError, match="may not change"):
        flow.finish_connecting(alice, state, code)
    assert not Sender.objects.exists()


def test_another_attempts_code_is_refused_by_pkce(provider: ConsentServers, acme: Organisation, alice: User) -> None:
    """A code that was stolen and put into somebody's own attempt: the verifier is not the one it was asked with."""
    stolen, _ = provider.approve(flow.start_connecting(alice, acme, kind_of(provider)))
    _, own = provider.approve(flow.start_connecting(alice, acme, kind_of(provider)))
    with pytest.raises(flow.ConnectError, match="Nothing was connected"):
        flow.finish_connecting(alice, own, stolen)
    assert not Sender.objects.exists()


@pytest.mark.parametrize("name", ["google", "microsoft"])
def test_an_answer_about_somebody_that_was_not_asked_for_is_refused(
    request: pytest.FixtureRequest, name: str, acme: Organisation, alice: User
) -> None:
    server = request.getfixturevalue(name)
    server.nonce = "replayed"
    with pytest.raises(flow.ConnectError, match="does not hold"):
        connected(server, acme, alice)


@pytest.mark.parametrize(("name", "value"), [("issuer", "https://evil.example"), ("verified", False)])
def test_an_address_that_google_does_not_vouch_for_is_refused(
    google: GoogleServer, acme: Organisation, alice: User, name: str, value: Any
) -> None:
    setattr(google, name, value)
    with pytest.raises(flow.ConnectError, match="does not hold"):
        connected(google, acme, alice)
    assert not Sender.objects.exists()


def test_a_microsoft_account_sends_as_its_mailbox_not_as_its_sign_in_name(
    microsoft: MicrosoftServer, acme: Organisation, alice: User
) -> None:
    microsoft.mail = "sales@acme.example"
    assert connected(microsoft, acme, alice).sender.address == "sales@acme.example"


def test_a_provider_that_is_away_says_so_and_nothing_is_half_done(
    provider: ConsentServers, acme: Organisation, alice: User
) -> None:
    code, state = provider.approve(flow.start_connecting(alice, acme, kind_of(provider)))
    provider.answer(provider.token_path, 503, "busy")
    with pytest.raises(flow.ConnectError, match="try again in a few minutes"):
        flow.finish_connecting(alice, state, code)
    assert not Sender.objects.exists()


def test_without_an_operators_registration_nobody_is_sent_away(settings: Any, acme: Organisation, alice: User) -> None:
    settings.GOOGLE = settings.GOOGLE | {"client_id": ""}
    with pytest.raises(flow.ConnectError, match="ECRM_GOOGLE_CLIENT_ID"):
        flow.start_connecting(alice, acme, "gmail")


def test_disconnecting_takes_the_grant_back_at_google(gmail: Connected) -> None:
    assert isinstance(gmail.server, GoogleServer)
    assert flow.disconnect_sender(gmail.sender) == ""
    assert not Grant.objects.exists()
    assert not any(permission.alive for permission in gmail.server.refreshing.values())
    assert gmail.sender.state == SenderState.DISCONNECTED


def test_disconnecting_deletes_the_tokens_though_google_is_away(gmail: Connected) -> None:
    gmail.server.answer("/revoke", 503)
    assert "remove eCRM at https://myaccount.google.com" in flow.disconnect_sender(gmail.sender)
    assert not Grant.objects.exists()


def test_microsoft_takes_nothing_back_for_us_and_people_are_told_where_they_can(outlook: Connected) -> None:
    assert "remove eCRM at https://myapps.microsoft.com" in flow.disconnect_sender(outlook.sender)
    assert not Grant.objects.exists()


def test_deleting_a_sender_takes_its_grant_back(gmail: Connected) -> None:
    delete_sender(gmail.sender)
    assert len(gmail.server.asked("/revoke")) == 1
    assert not Grant.objects.exists()


def test_the_mailbox_of_two_organisations_is_taken_back_by_the_last(gmail: Connected, charlie: User) -> None:
    """Google knows one grant for the two: ended by the first, it would end the other's sending too."""
    other = connected(gmail.server, charlie.organisations.get(), charlie)
    flow.disconnect_sender(gmail.sender)
    assert not gmail.server.asked("/revoke")
    with other.open() as line:
        assert line
    flow.disconnect_sender(other.sender)
    assert len(gmail.server.asked("/revoke")) == 1
