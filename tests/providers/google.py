"""A local Google: consent, token, revocation, keys, and the Gmail API's `users.messages.send`.

with GoogleServer() as google:
    settings.GOOGLE = google.settings()
    code, state = google.approve(consent_url)
    google.refuse(429, "rateLimitExceeded", "Slow down", retry_after=7)
    … google.mails[0].data
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.providers.consent import KEY_ID, SIGNING, ConsentServer, Permission
from tests.providers.smtp import trust
from tests.providers.web import Asked, Reply

SEND = "/gmail/v1/users/me/messages/send"
SEND_SCOPE = "https://www.googleapis.com/auth/gmail.send"


@dataclass(frozen=True)
class ApiMail:
    sender: str
    data: bytes
    thread: str = ""


class GoogleServer(ConsentServer):
    def __init__(self, person: str = "alice.archer@gmail.com") -> None:
        super().__init__(person)
        self.mails: list[ApiMail] = []
        self.threads: set[str] = set()
        self.issuer = "https://accounts.google.com"
        self.verified = True
        self.routes[("POST", "/revoke")] = self.revoke
        self.routes[("GET", "/keys")] = lambda asked: Reply(200, {KEY_ID: SIGNING.cert_chain_pems[0].bytes().decode()})
        self.routes[("POST", SEND)] = self.send

    def settings(self) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "consent_url": f"{self.url}/consent",
            "token_url": f"{self.url}/token",
            "revoke_url": f"{self.url}/revoke",
            "keys_url": f"{self.url}/keys",
            "api_url": self.url,
        }

    def environment(self, folder: Path) -> dict[str, str]:
        """The same for a whole product of its own."""
        named = {f"ECRM_GOOGLE_{name.upper()}": value for name, value in self.settings().items()}
        return named | {"ECRM_OAUTH_CA_FILE": trust(folder)}

    def gives_refresh_token(self, permission: Permission, renewed: bool) -> bool:
        """Only to who asks for offline access, with the consent page shown again; and it never rolls."""
        asked = permission.request
        return not renewed and asked.get("access_type") == "offline" and asked.get("prompt") == "consent"

    def scope_words(self, permission: Permission) -> str:
        return " ".join(permission.scopes).replace("email", "https://www.googleapis.com/auth/userinfo.email", 1)

    def claims(self, permission: Permission) -> dict[str, Any]:
        return {"iss": self.issuer, "email": permission.email, "email_verified": self.verified}

    def revoke(self, asked: Asked) -> Reply:
        """Any token of it ends the whole grant of that person."""
        token = asked.form.get("token", "")
        permission = self.refreshing.get(token) or self.access.get(token, (None, 0.0))[0]
        if permission is None or not permission.alive:
            return Reply(400, {"error": "invalid_token"})
        for other in self.refreshing.values():
            if other.email == permission.email:
                other.alive = False
        return Reply(200, {})

    def send(self, asked: Asked) -> Reply:
        permission = self.permission_of(asked)
        if permission is None:
            return error(401, "authError", "Invalid Credentials", "UNAUTHENTICATED")
        if SEND_SCOPE not in permission.scopes:
            return error(403, "insufficientPermissions", "Insufficient Permission", "PERMISSION_DENIED")
        body = json.loads(asked.body)
        thread = body.get("threadId", "")
        if thread and thread not in self.threads:
            return error(404, "notFound", "Requested entity was not found.", "NOT_FOUND")
        self.mails.append(ApiMail(permission.email, base64.urlsafe_b64decode(body["raw"]), thread))
        number = f"{len(self.mails):016x}"
        self.threads.add(thread or number)
        return Reply(200, {"id": number, "threadId": thread or number, "labelIds": ["SENT"]})

    def refuse(
        self, status: int, reason: str, words: str, *, retry_after: int | None = None, times: int | None = None
    ) -> None:
        """Answer every mail so."""
        headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
        self.answer(SEND, status, error(status, reason, words).body, headers, times=times)


def error(status: int, reason: str, words: str, name: str = "") -> Reply:
    """An error document as Google's APIs write it."""
    details = [{"message": words, "domain": "global", "reason": reason}]
    return Reply(status, {"error": {"code": status, "message": words, "errors": details, "status": name}})
