"""OAuth 2.0 as Google and Microsoft speak it: a consent page, codes with PKCE, access tokens that end, refresh tokens."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import trustme
from google.auth import crypt, jwt

from tests.providers.smtp import CA
from tests.providers.web import Asked, Reply, WebServer

KEY_ID = "test-key"
SIGNING = CA.issue_cert("identity.test", key_type=trustme.KeyType.RSA)
SIGNER: Any = crypt.RSASigner.from_string(SIGNING.private_key_pem.bytes(), KEY_ID)  # type: ignore[no-untyped-call]


@dataclass
class Permission:
    """What one person allowed one client."""

    email: str
    scopes: list[str]
    request: dict[str, str] = field(default_factory=dict)
    alive: bool = True


class ConsentServer(WebServer):
    """`person` is who is signed in at the provider; `lifetime` of access tokens in seconds; `unticked` scopes are not
    granted."""

    client_id = "client-of-tests"
    client_secret = "planted-client-secret-5d1e"
    consent_path = "/consent"
    token_path = "/token"
    prefix = ""

    def __init__(self, person: str) -> None:
        super().__init__()
        self.person = person
        self.lifetime = 3600
        self.unticked: set[str] = set()
        self.nonce: str | None = None  # in place of the one asked for
        self.codes: dict[str, Permission] = {}
        self.refreshing: dict[str, Permission] = {}
        self.access: dict[str, tuple[Permission, float]] = {}
        self.routes[("GET", self.consent_path)] = self.ask
        self.routes[("GET", "/approve")] = self.approved
        self.routes[("POST", self.token_path)] = self.token

    # The consent page, for a browser and for `approve`.

    def ask(self, asked: Asked) -> Reply:
        form = asked.form
        if form.get("client_id") != self.client_id or form.get("response_type") != "code":
            return Reply(400, "Error 400: invalid_request", {"Content-Type": "text/html"})
        if form.get("code_challenge_method") != "S256" or not form.get("redirect_uri"):
            return Reply(400, "Error 400: PKCE and redirect_uri are needed", {"Content-Type": "text/html"})
        fields = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in form.items())
        boxes = "".join(
            f'<p><label><input type="checkbox" name="allow-{escape(scope)}"'
            f"{'' if scope in self.unticked else ' checked'}> {escape(scope)}</label></p>"
            for scope in form.get("scope", "").split()
        )
        cancel = escape(f"{form['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': form['state']})}")
        page = f"""<!doctype html><title>Consent</title><h1>{escape(self.person)}</h1><form action="/approve">
        {fields}{boxes}<button>Continue</button> <a href="{cancel}">Cancel</a></form>"""
        return Reply(200, page, {"Content-Type": "text/html"})

    def approved(self, asked: Asked) -> Reply:
        form = asked.form
        scopes = [scope for scope in form["scope"].split() if f"allow-{scope}" in form]
        code = self.issue_code(form, scopes)
        answer = {"code": code, "state": form["state"], "scope": " ".join(scopes)}
        return Reply(302, b"", {"Location": f"{form['redirect_uri']}?{urlencode(answer)}"})

    def approve(self, url: str) -> tuple[str, str]:
        """Say yes to a consent URL as a person would, but for the scopes in `unticked`; its code and state."""
        form = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert self.ask(Asked("GET", self.consent_path, form, {}, b"")).status == 200
        scopes = [scope for scope in form["scope"].split() if scope not in self.unticked]
        return self.issue_code(form, scopes), form["state"]

    def issue_code(self, form: dict[str, str], scopes: list[str]) -> str:
        code = f"planted-code-{secrets.token_hex(8)}"
        self.codes[code] = Permission(self.person, scopes, form)
        return code

    # The token endpoint.

    def token(self, asked: Asked) -> Reply:
        if not self.is_client(asked):
            return refusal("invalid_client", "The client secret is wrong.", 401)
        if asked.form.get("grant_type") == "authorization_code":
            return self.exchange(asked.form)
        permission = self.refreshing.get(asked.form.get("refresh_token", ""))
        if permission is None or not permission.alive:
            return refusal("invalid_grant", "Token has been expired or revoked.")
        return Reply(200, self.tokens_for(permission, renewed=True))

    def is_client(self, asked: Asked) -> bool:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        given = (asked.form.get("client_id"), asked.form.get("client_secret"))
        return asked.headers.get("authorization") == f"Basic {basic}" or given == (self.client_id, self.client_secret)

    def exchange(self, form: dict[str, str]) -> Reply:
        permission = self.codes.pop(form.get("code", ""), None)
        if permission is None:
            return refusal("invalid_grant", "Malformed auth code.")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenge != permission.request["code_challenge"]:
            return refusal("invalid_grant", "Code verifier does not match.")
        if form.get("redirect_uri") != permission.request["redirect_uri"]:
            return refusal("invalid_grant", "redirect_uri does not match.")
        return Reply(200, self.tokens_for(permission) | {"id_token": self.id_token(permission)})

    def tokens_for(self, permission: Permission, *, renewed: bool = False) -> dict[str, Any]:
        access = f"planted-access-{secrets.token_hex(12)}"
        self.access[access] = (permission, time.time() + self.lifetime)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime}
        answer["scope"] = self.scope_words(permission)
        if self.gives_refresh_token(permission, renewed):
            answer["refresh_token"] = f"planted-refresh-{secrets.token_hex(12)}"
            self.refreshing[str(answer["refresh_token"])] = permission
        return answer

    def scope_words(self, permission: Permission) -> str:
        return " ".join(permission.scopes)

    def gives_refresh_token(self, permission: Permission, renewed: bool) -> bool:
        raise NotImplementedError

    def claims(self, permission: Permission) -> dict[str, Any]:
        raise NotImplementedError

    def id_token(self, permission: Permission) -> str:
        now = int(time.time())
        times = {"aud": self.client_id, "iat": now, "exp": now + 3600, "sub": f"subject of {permission.email}"}
        nonce = {"nonce": self.nonce or permission.request.get("nonce", "")}
        encoded: bytes = jwt.encode(SIGNER, times | nonce | self.claims(permission))  # type: ignore[no-untyped-call]
        return encoded.decode()

    # What tests do to what was allowed.

    def end_permissions(self) -> None:
        """As if the person had taken everything back on the provider's own page."""
        for permission in [*self.refreshing.values(), *self.codes.values()]:
            permission.alive = False

    def end_access(self) -> None:
        """Every access token has ended; refresh tokens go on."""
        self.access.clear()

    def permission_of(self, asked: Asked) -> Permission | None:
        permission, until = self.access.get(asked.bearer, (None, 0.0))
        return permission if permission and permission.alive and until > time.time() else None


def refusal(error: str, words: str, status: int = 400) -> Reply:
    return Reply(status, {"error": error, "error_description": words})
