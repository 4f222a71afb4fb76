"""Microsoft's identity platform through msal: the authorization-code flow with PKCE, delegated permissions."""

import time
import warnings
from collections.abc import Mapping
from typing import Any

import msal
import requests
from django.conf import settings
from msal.exceptions import MsalError

from senders.transports.oauth import (
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

# It would have people come back by a POST from another site. Our page there takes a GET without a token, and reads the
# code with the person's own.
warnings.filterwarnings("ignore", "response_mode='form_post' is recommended", UserWarning)
SEND = "Mail.Send"
# RFC 6749 5.2, OpenID Connect Core 3.1.2.6 and learn.microsoft.com "Handle errors in MSAL": a person must sign in again.
ENDED = {"invalid_grant", "interaction_required", "login_required", "consent_required", "access_denied"}
AWAY = (requests.RequestException, MsalError)  # the latter: an HTTP error, 5xx


class Forgetful(msal.TokenCache):  # type: ignore[misc]  # msal has no types
    """msal keeps every token that it meets in memory; ours live in the vault."""

    def add(self, event: Any, now: Any = None) -> None:
        """Keep nothing."""


class Microsoft:
    kind = "outlook"
    label = "Outlook"
    company = "Microsoft"
    # msal adds openid, profile and offline_access by itself.
    scopes: tuple[str, ...] = (SEND, "User.Read")
    manage_url = "https://myapps.microsoft.com"
    # Microsoft has no call that takes back one app's delegated grant; forgetting the tokens is all that we can do.
    revokes = False

    def missing(self) -> list[str]:
        given = {"ECRM_MICROSOFT_CLIENT_ID": "client_id", "ECRM_MICROSOFT_CLIENT_SECRET": "client_secret"}
        return [name for name, key in given.items() if not settings.MICROSOFT[key]]

    def begin(self, state: str, login_hint: str) -> Consent:
        flow = application().initiate_auth_code_flow(
            list(self.scopes),
            redirect_uri=callback_url(),
            state=state,
            login_hint=login_hint or None,
            prompt=None if login_hint else "select_account",
        )
        return Consent(flow["auth_uri"], flow)

    def finish(self, memory: Mapping[str, Any], code: str, state: str) -> Granted:
        app = application()
        try:
            answer = app.acquire_token_by_auth_code_flow(dict(memory), {"code": code, "state": state})
        except AWAY as error:
            raise ProviderAway("Microsoft's sign-in service could not be reached.") from error
        except (ValueError, RuntimeError) as error:  # the ID token's nonce, audience or times do not fit
            raise GrantRefused("Microsoft's answer about who you are does not hold.") from error
        tokens = tokens_in(answer)
        scopes = tuple(str(answer.get("scope", "")).split())
        if SEND.lower() not in {scope.rpartition("/")[2].lower() for scope in scopes}:
            raise NotAllowed("Microsoft did not allow eCRM to send mail as you. Sending needs it.")
        return Granted(address_of(tokens.access, answer.get("id_token_claims") or {}), scopes, tokens)

    def refresh(self, tokens: Tokens) -> Tokens:
        app = application()
        try:
            answer = app.acquire_token_by_refresh_token(tokens.refresh.reveal(), list(self.scopes))
        except (*AWAY, ValueError, RuntimeError) as error:
            raise ProviderAway("Microsoft's sign-in service could not be reached.") from error
        return tokens_in(answer, tokens.refresh)

    def revoke(self, tokens: Tokens) -> None:
        raise ProviderAway("Microsoft takes grants back on its own page alone.")


def application() -> msal.ConfidentialClientApplication:
    """A fresh one each time: it keeps nothing that outlives the call. Fetches the tenant's discovery document."""
    try:
        return msal.ConfidentialClientApplication(
            settings.MICROSOFT["client_id"],
            client_credential=settings.MICROSOFT["client_secret"],
            authority=f"{settings.MICROSOFT['authority']}/{settings.MICROSOFT['tenant']}",
            instance_discovery=False,  # the operator names the authority; nobody else could
            token_cache=Forgetful(),
            http_client=Session(),
        )
    except (*AWAY, ValueError, RuntimeError) as error:  # the latter two: no discovery document, or none at all
        raise ProviderAway("Microsoft's sign-in service could not be reached.") from error


def tokens_in(answer: Mapping[str, Any], before: Secret | None = None) -> Tokens:
    """The tokens of msal's answer; refresh tokens roll, and where no new one came the one `before` goes on."""
    if "access_token" not in answer:
        raise refused(answer)
    refresh = Secret(answer["refresh_token"]) if answer.get("refresh_token") else before
    if refresh is None:
        raise GrantRefused("Microsoft gave no lasting permission.")
    return Tokens(refresh, Secret(answer["access_token"]), time.time() + float(answer.get("expires_in") or 0))


def refused(answer: Mapping[str, Any]) -> GrantRefused | ProviderAway:
    """What an error of the token endpoint means. `suberror` says more than `error` about what a person must do."""
    words = reason_of(str(answer.get("error_description") or answer.get("error", "")).partition("Trace ID")[0])
    if {answer.get("error"), answer.get("suberror")} & ENDED:
        return GrantRefused(f"Microsoft does not honour the permission any more ({words}).")
    return ProviderAway(f"Microsoft's sign-in service refused us: {words}")


def address_of(access: Secret, claims: Mapping[str, Any]) -> str:
    """The mailbox's address. The ID token has the sign-in name, which may be another one than mail is sent from."""
    url = f"{settings.MICROSOFT['graph_url']}/v1.0/me?$select=mail,userPrincipalName"
    try:
        answer = Session().get(url, headers={"Authorization": f"Bearer {access.reveal()}"})
        found = answer.json() if answer.status_code == 200 else {}
    except (requests.RequestException, ValueError) as error:
        raise ProviderAway("Microsoft Graph could not be reached.") from error
    address = found.get("mail") or found.get("userPrincipalName") or claims.get("preferred_username") or ""
    if "@" not in address:
        raise GrantRefused("This Microsoft account has no mailbox.")
    return str(address)
