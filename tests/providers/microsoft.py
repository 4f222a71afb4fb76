"""A local Microsoft: the identity platform's consent, discovery and token endpoints, and Graph's `/me` and `/me/sendMail`.

with MicrosoftServer() as microsoft:
    settings.MICROSOFT = microsoft.settings()
    microsoft.refuse(429, "ApplicationThrottled", "Slow down", retry_after=7)
    … microsoft.mails[0].data
"""

import base64
import binascii
from pathlib import Path
from typing import Any

from tests.providers.consent import ConsentServer, Permission
from tests.providers.google import ApiMail
from tests.providers.smtp import trust
from tests.providers.web import Asked, Reply

SEND = "/v1.0/me/sendMail"
TENANT = "common"


class MicrosoftServer(ConsentServer):
    consent_path = f"/{TENANT}/oauth2/v2.0/authorize"
    token_path = f"/{TENANT}/oauth2/v2.0/token"

    def __init__(self, person: str = "alice@acme.example") -> None:
        super().__init__(person)
        self.mails: list[ApiMail] = []
        self.mail: str | None = person  # the mailbox's address, as Graph has it
        self.routes[("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration")] = self.discovery
        self.routes[("GET", "/v1.0/me")] = self.me
        self.routes[("POST", SEND)] = self.send

    def settings(self) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "tenant": TENANT,
            "authority": self.url,
            "graph_url": self.url,
        }

    def environment(self, folder: Path) -> dict[str, str]:
        """The same for a whole product of its own."""
        named = {f"ECRM_MICROSOFT_{name.upper()}": value for name, value in self.settings().items()}
        return named | {"ECRM_OAUTH_CA_FILE": trust(folder)}

    def discovery(self, asked: Asked) -> Reply:
        base = f"{self.url}/{TENANT}/oauth2/v2.0"
        endpoints = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"}
        return Reply(200, endpoints | {"issuer": f"{self.url}/{TENANT}/v2.0"})

    def gives_refresh_token(self, permission: Permission, renewed: bool) -> bool:
        """They roll: a new one with every answer."""
        return "offline_access" in permission.scopes

    def scope_words(self, permission: Permission) -> str:
        """Graph's own, and none of those that OpenID Connect has."""
        own = [scope for scope in permission.scopes if scope not in {"openid", "profile", "offline_access"}]
        return " ".join([f"https://graph.microsoft.com/{scope}" for scope in own] + ["openid", "profile"])

    def claims(self, permission: Permission) -> dict[str, Any]:
        return {"iss": f"{self.url}/tenant/v2.0", "preferred_username": permission.email, "tid": "tenant", "oid": "1"}

    def me(self, asked: Asked) -> Reply:
        permission = self.permission_of(asked)
        if permission is None or "User.Read" not in permission.scopes:
            return error(401, "InvalidAuthenticationToken", "Access token is empty or expired.")
        return Reply(200, {"mail": self.mail, "userPrincipalName": permission.email})

    def send(self, asked: Asked) -> Reply:
        permission = self.permission_of(asked)
        if permission is None:
            return error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        if "Mail.Send" not in permission.scopes:
            return error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        if asked.headers.get("content-type") != "text/plain":
            return error(415, "UnsupportedMediaType", "Send MIME as text/plain.")
        try:
            data = base64.b64decode(asked.body, validate=True)
        except binascii.Error:
            return error(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.")
        self.mails.append(ApiMail(permission.email, data))
        return Reply(202, b"", {"request-id": f"request-{len(self.mails)}"})

    def refuse(
        self, status: int, code: str, words: str, *, retry_after: int | None = None, times: int | None = None
    ) -> None:
        """Answer every mail so."""
        headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
        self.answer(SEND, status, error(status, code, words).body, headers, times=times)


def error(status: int, code: str, words: str) -> Reply:
    """An error document as Graph writes it."""
    return Reply(status, {"error": {"code": code, "message": words, "innerError": {"request-id": "1"}}})
