"""The JSON API from outside, on the running product: sign-up to statistics, as `docs/api.md` shows it."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.request
import uuid
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from ecrm.api import api
from tests.running import Product

PASSWORD = "correct horse battery"
CSV = """First Name,Last Name,Email,Company
Zoë,Müller,zoe@people.example,Müller & Söhne
Bad,Row,no-address,X
,,ann@people.example,
"""
HTML = '<p>Hi {{ first_name | default: "there" }}</p><a href="https://acme.example/p?a=1&amp;b=%C3%A9#top">Look</a>'


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """A program with a token; nothing it is answered may set a cookie."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`path` is below the host; a dict is sent as JSON, bytes as they are."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        assert "Set-Cookie" not in answer.headers
        return answer

    def upload(self, path: str, name: str, content: str, **fields: str) -> Answer:
        boundary = uuid.uuid4().hex
        parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}' for key, value in fields.items()]
        file = (
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n{content}'
        )
        body = "".join(f"--{boundary}\r\n{part}\r\n" for part in [*parts, file]) + f"--{boundary}--\r\n"
        return self.call("POST", path, body.encode(), Content_Type=f"multipart/form-data; boundary={boundary}")


@pytest.fixture
def caller(product: Product) -> Caller:
    return Caller(product.url)


def until(seconds: float, check: Callable[[], Any]) -> Any:
    """What `check` gives once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.2)
    return found


def mails_to(folder: Path, address: str) -> list[EmailMessage]:
    """Caught mails, oldest first."""
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]
    return [mail for mail in found if mail["X-Envelope-To"] == address]


def sign_up(caller: Caller, product: Product, email: str) -> str:
    """A verified account with a token; returns the organisation's path in the API."""
    body = {"name": "Ann Api", "organisation": f"Org {uuid.uuid4().hex[:8]}", "email": email, "password": PASSWORD}
    begun = caller.call("POST", "/_allauth/app/v1/auth/signup", body)
    assert begun.status == 401
    mail = until(20, lambda: mails_to(product.data / "mail", email))[-1]
    code = re.search(r"^[A-Z0-9-]{4,}\s*$", mail.get_content(), re.MULTILINE)
    assert code
    session = {"X_Session_Token": begun.json["meta"]["session_token"]}
    verified = caller.call("POST", "/_allauth/app/v1/auth/email/verify", {"key": code[0].strip()}, **session)
    caller.token = verified.json["meta"]["access_token"]
    (organisation,) = caller.call("GET", "/api/v1/me").json["organisations"]
    assert organisation["role"] == "owner"
    return f"/api/v1/orgs/{organisation['slug']}"


def test_a_program_does_the_whole_job(caller: Caller, product: Product) -> None:
    org = sign_up(caller, product, f"{uuid.uuid4().hex[:8]}@program.example")
    sender = add_sender(caller, org, product)
    chosen = add_leads(caller, org)
    assert caller.call("PATCH", org, {"postal_address": "1 Main Street"}).status == 200
    campaign = start_campaign(caller, org, sender, chosen)
    stats = until(30, lambda: (found := caller.call("GET", f"{campaign}/stats").json)["sent"] == 2 and found)
    assert (stats["leads"], stats["failed"], stats["unknown"]) == (2, 0, 0)
    mail = mails_to(product.data / "mail", "zoe@people.example")[-1]
    read_and_click(mail)
    caller.call("POST", urlsplit(mail["List-Unsubscribe"].strip("<>")).path, b"List-Unsubscribe=One-Click")
    stats = until(30, lambda: (found := caller.call("GET", f"{campaign}/stats").json)["unsubscribed"] == 1 and found)
    assert (stats["opened"], stats["clicked"]) == (1, 1)
    until(30, lambda: caller.call("GET", campaign).json["state"] == "finished")
    events = caller.call("GET", f"{campaign}/events.csv").body.decode()
    assert {line.split(",")[2] for line in events.splitlines()[1:]} == {"opened", "clicked", "unsubscribed"}
    assert len(caller.call("GET", f"{campaign}/messages?state=sent").json["items"]) == 2


def add_sender(caller: Caller, org: str, product: Product) -> str:
    port = json.loads((product.data / "environment.json").read_text())["ECRM_MAIL_CATCHER_PORT"]
    body = {
        "kind": "smtp",
        "name": "Ann",
        "address": "ann@program.example",
        "host": "127.0.0.1",
        "port": int(port),
        "security": "none",
    }
    made = caller.call("POST", f"{org}/senders", body, Idempotency_Key="sender-1")
    assert made.status == 201, made.body
    again = caller.call("POST", f"{org}/senders", body, Idempotency_Key="sender-1")
    assert again.json == made.json
    checked = caller.call("POST", f"{org}/senders/{made.json['id']}/check").json
    assert checked["ok"], checked
    assert [step["name"] for step in checked["steps"]] == ["resolve", "connect", "tls", "sign in"]
    sender: str = made.json["id"]
    return sender


def add_leads(caller: Caller, org: str) -> str:
    begun = caller.upload(f"{org}/imports", "people.csv", CSV, list="Spring")
    assert begun.status == 202, begun.body
    place = f"{org}/imports/{begun.json['id']}"
    done = until(30, lambda: (found := caller.call("GET", place).json)["state"] == "done" and found)
    assert (done["created"], done["rejected"]) == (2, 1)
    assert b"no-address" in caller.call("GET", f"{place}/rejected.csv").body
    (chosen,) = caller.call("GET", f"{org}/lists").json["items"]
    assert (chosen["name"], chosen["leads"]) == ("Spring", 2)
    identity: str = chosen["id"]
    return identity


def start_campaign(caller: Caller, org: str, sender: str, chosen: str) -> str:
    step = {"subject": 'Für {{ first_name | default: "you" }}', "body_html": HTML}
    made = caller.call(
        "POST", f"{org}/campaigns", {"name": "Spring", "senders": [sender], "lists": [chosen], "steps": [step]}
    )
    assert made.status == 201, made.body
    campaign = f"{org}/campaigns/{made.json['id']}"
    assert caller.call("POST", f"{campaign}/preflight").json["ok"]
    assert caller.call("POST", f"{campaign}/start").json["state"] == "running"
    assert caller.call("POST", f"{campaign}/start").status == 409
    return campaign


def read_and_click(mail: EmailMessage) -> None:
    """What a mail program and its reader do: load the pixel, follow the link; which leads exactly where it was meant to."""
    part = mail.get_body(("html",))
    assert part is not None
    html = part.get_content()
    assert "Hi Zoë" in html
    pixel = re.search(r'<img src="([^"]+)"', html)
    link = re.search(r'<a href="([^"]+)">Look', html)
    assert pixel
    assert link
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    with urllib.request.urlopen(urllib.request.Request(pixel[1], headers=agent), timeout=10) as image:
        assert image.headers["Content-Type"] == "image/gif"
    parts = urlsplit(link[1])
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", parts.path, headers=agent)
    assert connection.getresponse().headers["Location"] == "https://acme.example/p?a=1&b=%C3%A9#top"
    connection.close()


def test_openapi_describes_every_operation_with_its_path() -> None:
    schema = api.get_openapi_schema()
    assert schema["openapi"].startswith("3.1")
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), (method, path)
            assert operation["summary"], (method, path)


def test_a_path_that_is_not_there_answers_as_problem_details(db: None) -> None:
    response = Client().get("/api/v1/nothing")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
