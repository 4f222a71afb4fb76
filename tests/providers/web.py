"""A local HTTPS server for tests that stand in for a provider's API, which can be told to refuse, to wait, or to hang up.

    server.answer("/v1.0/me/sendMail", 429, {"error": …}, {"Retry-After": "7"})
    server.drop_at("answer", "/v1.0/me/sendMail")

Stages to drop at: CONNECT (before TLS), HEAD (after the headers, the body unread), ANSWER (everything was done, and nothing
is said of it).
"""

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.providers.smtp import tls_context


@dataclass(frozen=True)
class Asked:
    """One request; `form` holds the query's and the body's fields."""

    method: str
    path: str
    form: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Rule:
    path: str
    times: int | None  # None: always
    reply: Reply | None = None
    seconds: float = 0.0
    stage: str = ""


class WebServer:
    """`routes` maps method and path to what answers; a provider fills it in."""

    routes: dict[tuple[str, str], Callable[[Asked], Reply]]

    def __init__(self) -> None:
        self.routes = {}
        self.rules: list[Rule] = []
        self.requests: list[Asked] = []
        self.connections = 0
        self.lock = threading.Lock()
        self.sockets: set[Any] = set()
        self.tls = tls_context("localhost")
        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.listener.scripted = self
        self.url = f"https://localhost:{self.listener.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.listener.shutdown()
        self.listener.server_close()
        self.hang_up()

    def answer(
        self,
        path: str,
        status: int,
        body: Any = b"",
        headers: Mapping[str, str] | None = None,
        *,
        times: int | None = None,
    ) -> None:
        """Answer so, in place of doing it."""
        self.rules.append(Rule(path, times, Reply(status, body, headers or {})))

    def drop_at(self, stage: str, path: str = "", *, times: int | None = 1) -> None:
        self.rules.append(Rule(path, times, stage=stage))

    def delay(self, path: str, seconds: float, *, times: int | None = None) -> None:
        self.rules.append(Rule(path, times, seconds=seconds))

    def forget_rules(self) -> None:
        self.rules.clear()

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for sock in list(self.sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(2)
            sock.close()

    def asked(self, path: str) -> list[Asked]:
        return [request for request in self.requests if request.path == path]

    def rule_for(self, path: str, wanted: Callable[[Rule], bool]) -> Rule | None:
        with self.lock:
            for rule in self.rules:
                if rule.path == path and rule.times != 0 and wanted(rule):
                    if rule.times is not None:
                        rule.times -= 1
                    return rule
        return None

    def drops(self, stage: str, path: str = "") -> bool:
        return self.rule_for(path, lambda rule: rule.stage == stage) is not None

    def reply_to(self, asked: Asked) -> Reply:
        if slow := self.rule_for(asked.path, lambda rule: bool(rule.seconds)):
            time.sleep(slow.seconds)
        if rule := self.rule_for(asked.path, lambda rule: rule.reply is not None):
            assert rule.reply is not None
            return rule.reply
        with self.lock:
            act = self.routes.get((asked.method, asked.path), self.unknown)
            return act(asked)

    def unknown(self, asked: Asked) -> Reply:
        return Reply(404, {"error": {"code": 404, "message": "Not found."}})


class Listener(ThreadingHTTPServer):
    scripted: WebServer
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that ended: what tests ask for."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    @property
    def scripted(self) -> WebServer:
        assert isinstance(self.server, Listener)
        return self.server.scripted

    def setup(self) -> None:
        self.scripted.connections += 1
        if self.scripted.drops("CONNECT"):
            self.request.close()
            raise ConnectionAbortedError
        self.request = self.scripted.tls.wrap_socket(self.request, server_side=True)
        self.scripted.sockets.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.scripted.sockets.discard(self.request)
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def answer(self) -> None:
        parts = urlsplit(self.path)
        if self.scripted.drops("HEAD", parts.path):
            return self.drop()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        typed = body.decode() if self.headers.get_content_type() == "application/x-www-form-urlencoded" else ""
        form = {name: values[0] for name, values in (parse_qs(parts.query) | parse_qs(typed)).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, form, headers, body)
        self.scripted.requests.append(asked)
        reply = self.scripted.reply_to(asked)
        if self.scripted.drops("ANSWER", parts.path):
            return self.drop()
        return self.say(reply)

    do_GET = do_POST = answer  # noqa: N815

    def say(self, reply: Reply) -> None:
        content = json.dumps(reply.body).encode() if isinstance(reply.body, dict) else reply.body
        content = content.encode() if isinstance(content, str) else content
        self.send_response(reply.status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)
        self.connection.close()
