"""allauth's headless app client, spoken to as `static/js/auth.js` does."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core import mail
from django.test import Client

PASSWORD = "a quiet harbour at dawn"
SIGN_UP = {"name": "Dora Dale", "organisation": "Dale & Co", "email": "dora@dale.example", "password": PASSWORD}


class Device:
    """One browser: keeps what a flow under way needs, and the tokens once it is signed in."""

    def __init__(self) -> None:
        self.client = Client()
        self.pending = ""
        self.access = ""
        self.refresh = ""

    def call(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Call `/_allauth/app/v1/<path>`; the response has its JSON as `.answer`, and sets no cookie."""
        headers = {"X-Session-Token": self.pending} if self.pending and not self.access else {}
        if self.access:
            headers["Authorization"] = f"Bearer {self.access}"
        response: Any = self.client.generic(
            method,
            f"/_allauth/app/v1/{path}",
            data="" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )
        assert not response.cookies, f"{path} set a cookie"
        response.answer = response.json() if response.content else {}
        self.take(response.answer)
        return response

    def take(self, answer: dict[str, Any]) -> None:
        meta, data = answer.get("meta", {}), answer.get("data", {})
        self.pending = meta.get("session_token", self.pending)
        tokens = meta if "access_token" in meta else data if isinstance(data, dict) else {}
        self.access = tokens.get("access_token", self.access)
        self.refresh = tokens.get("refresh_token", self.refresh)

    def get(self, path: str) -> Any:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.access}"})

    def sign_up(self, **changes: str) -> Any:
        return self.call("auth/signup", SIGN_UP | changes)

    def verify(self) -> Any:
        return self.call("auth/email/verify", {"key": last_code()})

    def sign_in(self, email: str = SIGN_UP["email"], password: str = PASSWORD) -> Any:
        return self.call("auth/login", {"email": email, "password": password})


def last_code() -> str:
    """The code in the newest mail."""
    found = re.search(r"^[A-Z0-9-]{6,12}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[0]


def pending_flow(response: Any) -> str | None:
    flows = response.answer.get("data", {}).get("flows", [])
    return next((flow["id"] for flow in flows if flow.get("is_pending")), None)


def fields_at_fault(response: Any) -> dict[str, str]:
    return {error.get("param", ""): error["message"] for error in response.answer["errors"]}
