"""Google's OAuth 2.0 for web servers, with PKCE (developers.google.com/identity/protocols/oauth2/web-server)."""

import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import requests
from django.conf import settings
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import id_token
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2 import OAuth2Error

from senders.transports.oauth import (
    TIMEOUT_SECONDS,
    Consent,
    Granted,
    GrantRefused,
    NotAllowed,
    ProviderAway,
    Session,
    Tokens,
    callback_url,
    reason_of,
)
from senders.vault import Secret

SEND = "https://www.googleapis.com/auth/gmail.send"
ISSUERS = {"https://accounts.google.com", "accounts.google.com"}
CLOCK_SKEW_SECONDS = 30
# What ends a grant (RFC 6749 5.2). Other refusals (`invalid_client`) are about our own registration at Google, and no
# reconnecting mends them.
ENDED = {"invalid_grant", "invalid_scope", "access_denied"}


class Google:
    kind = "gmail"
    label = "Gmail"
    company = "Google"
    scopes: tuple[str, ...] = ("openid", "email", SEND)
    manage_url = "https://myaccount.google.com/connections"
    revokes = True

    def missing(self) -> list[str]:
        given = {"ECRM_GOOGLE_CLIENT_ID": "client_id", "ECRM_GOOGLE_CLIENT_SECRET": "client_secret"}
        return [name for name, key in given.items() if not settings.GOOGLE[key]]

    def begin(self, state: str, login_hint: str) -> Consent:
        flow = flow_for(list(self.scopes), secrets.token_urlsafe(64))
        nonce = secrets.token_urlsafe(24)
        hint = {"login_hint": login_hint} if login_hint else {}
        # `consent`: without it Google gives a refresh token only the first time a person ever says yes.
        url, _ = flow.authorization_url(state=state, access_type="offline", prompt="consent", nonce=nonce, **hint)
        return Consent(url, {"verifier": flow.code_verifier, "nonce": nonce})

    def finish(self, memory: Mapping[str, Any], code: str, state: str) -> Granted:
        # No scopes here: oauthlib raises a Warning where those granted are not those asked for; we look for ourselves.
        flow = flow_for(None, memory["verifier"])
        try:
            answer = flow.fetch_token(code=code, timeout=TIMEOUT_SECONDS, verify=settings.OAUTH_CA_FILE or None)
        except OAuth2Error as error:
            raise GrantRefused(f"Google refused: {reason_of(error.description or error.error)}") from error
        except requests.RequestException as error:
            raise ProviderAway("Google could not be reached.") from error
        scopes = tuple(answer.get("scope", ()))
        if SEND not in scopes:
            raise NotAllowed("“Send email on your behalf” was not ticked on Google's page. Sending needs it.")
        if not answer.get("refresh_token"):
            raise GrantRefused("Google gave no lasting permission.")
        tokens = Tokens(Secret(answer["refresh_token"]), Secret(answer["access_token"]), float(answer["expires_at"]))
        return Granted(address_in(answer.get("id_token", ""), memory["nonce"]), scopes, tokens)

    def refresh(self, tokens: Tokens) -> Tokens:
        credentials = Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=tokens.refresh.reveal(),
            token_uri=settings.GOOGLE["token_url"],
            client_id=settings.GOOGLE["client_id"],
            client_secret=settings.GOOGLE["client_secret"],
        )
        try:
            credentials.refresh(Request(Session()))  # type: ignore[no-untyped-call]
        except RefreshError as error:
            raise refused(error) from error
        except (TransportError, requests.RequestException) as error:
            raise ProviderAway("Google's sign-in service could not be reached.") from error
        if credentials.expiry is None or not credentials.token or not credentials.refresh_token:
            raise ProviderAway("Google's sign-in service gave half an answer.")
        expires_at = credentials.expiry.replace(tzinfo=UTC).timestamp()  # google-auth keeps UTC without saying so
        return Tokens(Secret(credentials.refresh_token), Secret(credentials.token), expires_at)

    def revoke(self, tokens: Tokens) -> None:
        """RFC 7009. A 400 `invalid_token` says that it is gone already."""
        try:
            answer = Session().post(settings.GOOGLE["revoke_url"], data={"token": tokens.refresh.reveal()})
        except requests.RequestException as error:
            raise ProviderAway("Google could not be reached.") from error
        if answer.status_code not in {200, 400}:
            raise ProviderAway(f"Google answered {answer.status_code}.")


def flow_for(scopes: list[str] | None, verifier: str) -> Flow:
    client = {
        "client_id": settings.GOOGLE["client_id"],
        "client_secret": settings.GOOGLE["client_secret"],
        "auth_uri": settings.GOOGLE["consent_url"],
        "token_uri": settings.GOOGLE["token_url"],
    }
    flow = Flow.from_client_config({"web": client}, scopes, redirect_uri=callback_url(), code_verifier=verifier)
    flow.oauth2session.register_compliance_hook("access_token_response", unless_away)
    return flow


def unless_away(answer: requests.Response) -> requests.Response:
    if answer.status_code >= 500 or answer.status_code == 429:
        raise ProviderAway(f"Google's sign-in service answered {answer.status_code}.")
    return answer


def address_in(token: str, nonce: str) -> str:
    """The address that Google vouches for: signature, issuer, audience, times and nonce are checked (OpenID Connect Core
    3.1.3.7)."""
    try:
        claims = id_token.verify_token(
            token,
            Request(Session()),
            audience=settings.GOOGLE["client_id"],
            certs_url=settings.GOOGLE["keys_url"],
            clock_skew_in_seconds=CLOCK_SKEW_SECONDS,
        )
    except (TransportError, requests.RequestException) as error:
        raise ProviderAway("Google's keys could not be fetched.") from error
    except (GoogleAuthError, ValueError) as error:
        raise GrantRefused("Google's answer about who you are does not hold.") from error
    genuine = claims.get("iss") in ISSUERS and hmac.compare_digest(str(claims.get("nonce", "")), nonce)
    if not genuine or not claims.get("email") or not claims.get("email_verified"):
        raise GrantRefused("Google's answer about who you are does not hold.")
    return str(claims["email"])


def refused(error: RefreshError) -> GrantRefused | ProviderAway:
    """What a token endpoint's refusal means; google-auth keeps the answer as its second argument."""
    answer = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    if answer.get("error") in ENDED:
        words = reason_of(answer.get("error_description") or answer["error"])
        return GrantRefused(f"Google does not honour the permission any more ({words}).")
    return ProviderAway(f"Google's sign-in service refused us: {reason_of(answer.get('error') or error)}")
