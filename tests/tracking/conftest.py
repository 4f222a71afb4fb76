"""A request to the edge as a web server passes it on, and what was noted of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import redis
from django.conf import settings

from ecrm.wsgi import application
from tracking.intake import STREAM


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def ask(method: str, url: str, body: bytes = b"", **headers: str) -> Answer:
    """What the whole WSGI application answers; `User_Agent="…"` and the like are headers."""
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote(parts.path, "latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.7",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    seen: list[Any] = []

    def start(status: str, given: list[tuple[str, str]], *rest: Any) -> None:
        seen[:] = [int(status.split()[0]), given]

    chunks: Iterable[bytes] = application(environ, start)
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    return Answer(seen[0], seen[1], content)


@pytest.fixture
def noted() -> Callable[[], list[dict[str, str]]]:
    """What lies on the stream now."""

    def read() -> list[dict[str, str]]:
        with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
            entries: Any = client.xrange(STREAM)
        return [fields for _, fields in entries]

    return read
