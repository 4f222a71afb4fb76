"""A real DNS server on loopback for tests: TXT records from a dictionary, over UDP; may be slow, silent or broken.

with DnsServer({"acme.example": ["v=spf1 -all"]}) as server:
    settings.DNS_SERVERS = [server.address]
"""

import socketserver
import threading
from types import TracebackType
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class DnsServer:
    """`records` by name; a name that is not in it does not exist. `servfail`: names that it fails on. `silent`: no answers."""

    def __init__(self, records: dict[str, list[str]] | None = None) -> None:
        self.records = records or {}
        self.servfail: set[str] = set()
        self.silent = False
        self.questions: list[str] = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, socket = self.request
                if (answer := outer.answer(data)) is not None:
                    socket.sendto(answer, self.client_address)

        self.server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.questions.append(name)
        if self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in self.servfail:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            response.set_rcode(dns.rcode.NXDOMAIN)
        else:
            texts = [quoted(text) for text in self.records[name]]
            if texts:
                response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", *texts))
        return response.to_wire(max_size=65535)

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()


def quoted(text: str) -> str:
    """TXT data: strings of 255 bytes at the most (RFC 1035 3.3.14)."""
    parts: list[Any] = [text[start : start + 255] for start in range(0, len(text), 255)]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
