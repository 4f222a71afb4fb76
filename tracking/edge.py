"""The hot path: pixel, redirect and one-click unsubscribe, in front of Django and without its middleware.

In: a WSGI request. Verify the token, note the hit (`tracking.intake`), answer. A bad token gets the plain pixel or a 404,
never an error and never a redirect elsewhere; everything that is not ours goes on to Django. No cookie is read or set, no
address is looked at.
"""

import logging
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from tracking.intake import NotRecorded, record
from tracking.machines import judge
from tracking.models import Happening
from tracking.tokens import OPEN, UNSUBSCRIBE, BadToken, read_click, read_token

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Start = Callable[..., Any]
Application = Callable[[Environ, Start], Iterable[bytes]]

GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
NOWHERE = "default-src 'none'; frame-ancestors 'none'"
COMMON = [
    ("Cache-Control", "no-store, private, max-age=0"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
TEXT = [*COMMON, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Security-Policy", NOWHERE)]
PIXEL = [*COMMON, ("Content-Type", "image/gif"), ("Content-Length", str(len(GIF)))]
DONE = b"You are unsubscribed. You will get no more mail from this sender.\n"
AGAIN = b"This did not work just now. Please try again in a minute.\n"
MISSING = b"This link is incomplete. Please open the mail once more and use the link in it.\n"


class Edge:
    """WSGI: answers `/t/o/`, `/t/c/` and a POST to `/t/u/`; `application` gets the rest."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        method = environ.get("REQUEST_METHOD", "GET")
        if path.startswith("/t/o/") and method in {"GET", "HEAD"}:
            return opened(path[5:], environ, start)
        if path.startswith("/t/c/") and method in {"GET", "HEAD"}:
            return clicked(path[5:], environ, start)
        # The page's own form says `page`; it is answered by Django, with a page.
        if path.startswith("/t/u/") and method == "POST" and environ.get("QUERY_STRING", "") != "page":
            return unsubscribed(path[5:], start)
        return self.application(environ, start)


def verdict(environ: Environ) -> str:
    purpose = environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") or ""
    return judge(environ["REQUEST_METHOD"], environ.get("HTTP_USER_AGENT", ""), purpose)


def opened(rest: str, environ: Environ, start: Start) -> Iterable[bytes]:
    """The pixel, whatever happens; noted where the token is ours."""
    try:
        mark = read_token(OPEN, rest.removesuffix(".gif"))
        record(Happening.OPENED, mark, rule=verdict(environ))
    except BadToken:
        pass
    except NotRecorded:
        log.exception("An open was lost: neither Redis nor the spool took it")
    start("200 OK", PIXEL)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [GIF]


def clicked(rest: str, environ: Environ, start: Start) -> Iterable[bytes]:
    """Off to exactly the URL that was written, noted on the way."""
    token, _, encoded = rest.partition("/")
    try:
        mark, target = read_click(token, encoded)
    except BadToken:
        return missing(start)
    try:
        record(Happening.CLICKED, mark, url=target, rule=verdict(environ))
    except NotRecorded:
        log.exception("A click was lost: neither Redis nor the spool took it")
    start("302 Found", [*TEXT, ("Location", header_safe(target))])
    return [b""]


def header_safe(url: str) -> str:
    """`url` as a header may carry it: what is not printable ASCII percent-encoded as UTF-8 (RFC 3987 3.1), the rest as is."""
    return quote(url, safe="".join(map(chr, range(33, 127))))


def unsubscribed(rest: str, start: Start) -> Iterable[bytes]:
    """One-click unsubscribe (RFC 8058 3.1): no cookie, no redirect, no sign-in. The body does not matter."""
    try:
        mark = read_token(UNSUBSCRIBE, rest)
        record(Happening.UNSUBSCRIBED, mark)
    except BadToken:
        return missing(start)
    except NotRecorded:  # the mail provider, or the person, tries again
        start("503 Service Unavailable", [*TEXT, ("Retry-After", "60")])
        return [AGAIN]
    start("200 OK", TEXT)
    return [DONE]


def missing(start: Start) -> Iterable[bytes]:
    start("404 Not Found", TEXT)
    return [MISSING]
