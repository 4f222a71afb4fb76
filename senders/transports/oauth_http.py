"""HTTP for sending mail: one try, over a kept-open connection, that says whether the mail was handed over.

Google's and Microsoft's sending calls are not idempotent. httplib2's own `_conn_request` sends a request again when the
connection ends without an answer ("the connection just went stale", whatever its RETRIES says), and urllib3 reads on
after a failed write without telling; either way a mail could go out twice, or nobody could tell whether it did once.
"""

import http.client
import math
import select
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httplib2
from django.conf import settings

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 60.0
# An idle connection is not used after this long: the other side may be closing it at this very moment.
IDLE_SECONDS = 30.0
MOST_BYTES = 1 << 20


class NotHandedOver(Exception):
    """The connection failed while bytes of the request were certainly left with us."""


class NoAnswer(Exception):
    """The whole request went out, and no answer to it came back."""


@lru_cache(maxsize=2)
def tls_context(authorities: str) -> ssl.SSLContext:
    """The process's own, which trusts the certificates in this file."""
    return ssl.create_default_context(cafile=authorities)


class Https(httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]  # it has no types
    """httplib2's, but over the process's TLS context. It makes one for each connection, which costs 10 ms of computing
    and 0.7 MB: a worker of 200 senders had 345 MB instead of 224 (benchmarks.schedule).
    """

    def __init__(self, host: str, *, timeout: float, proxy_info: Any, ca_certs: str | None, **_: Any) -> None:
        context = tls_context(ca_certs or httplib2.CA_CERTS)
        http.client.HTTPSConnection.__init__(self, host, timeout=timeout, context=context)
        self.proxy_info = proxy_info("https") if callable(proxy_info) else proxy_info
        self.disable_ssl_certificate_validation = False


class OneTry(httplib2.Http):  # type: ignore[misc]  # it has no types
    """httplib2's connections (proxy, certificates, keep-alive) without its second tries. For one thread; all of it over
    by `deadline` (of the monotonic clock).
    """

    def __init__(self, deadline: float = math.inf) -> None:
        super().__init__(timeout=CONNECT_SECONDS, ca_certs=settings.OAUTH_CA_FILE or None)
        self.follow_redirects = False
        self.deadline = deadline
        self.used_at = 0.0  # of the monotonic clock

    def request(self, uri: str, *arguments: Any, **options: Any) -> tuple[httplib2.Response, bytes]:
        answer: tuple[httplib2.Response, bytes] = super().request(uri, *arguments, connection_type=Https, **options)
        return answer

    def _conn_request(
        self, conn: http.client.HTTPConnection, request_uri: str, method: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[httplib2.Response, bytes]:
        if conn.sock is not None and (time.monotonic() - self.used_at > IDLE_SECONDS or is_stale(conn)):
            conn.close()
        try:
            # Answers are short: not worth compressing.
            self.hand_over(conn, method, request_uri, body, {**headers, "accept-encoding": "identity"})
        except (OSError, http.client.HTTPException, httplib2.HttpLib2Error) as error:
            conn.close()
            raise NotHandedOver(describe(error)) from error
        try:
            response = conn.getresponse()
        except (OSError, http.client.HTTPException) as error:
            conn.close()
            raise NoAnswer(describe(error)) from error
        try:
            content = response.read(MOST_BYTES)
        except (OSError, http.client.HTTPException):
            content = b""  # the status is the answer; its words are lost
            conn.close()
        if not response.isclosed():
            conn.close()
        self.used_at = time.monotonic()
        return httplib2.Response(response), content

    def hand_over(
        self, conn: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        """Send the whole request. Where this raises, the end of the body never left: no server takes the request then."""
        if conn.sock is None:
            conn.timeout = self.left(CONNECT_SECONDS)
            conn.connect()
        conn.sock.settimeout(self.left(ANSWER_SECONDS))
        conn.request(method, path, body, headers)

    def left(self, most: float) -> float:
        """So many seconds, or fewer where the deadline is near."""
        return max(0.1, min(most, self.deadline - time.monotonic()))


def is_stale(conn: http.client.HTTPConnection) -> bool:
    """Whether the server closed an idle connection: nothing but its end can be readable there."""
    try:
        return bool(select.select([conn.sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def describe(error: BaseException) -> str:
    """A network error in words."""
    if isinstance(error, httplib2.ServerNotFoundError):
        return "its name is not known"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError | ssl.SSLEOFError):
        return "it closed the connection"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
