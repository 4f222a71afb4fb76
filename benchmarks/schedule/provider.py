"""A Gmail that answers after 300 ms, to thousands of connections at once: `users.messages.send` over HTTPS, in a process
of its own.

    python -m benchmarks.schedule.provider FOLDER [SECONDS]

It writes its certificate authority to FOLDER/ca.pem, then its port to its output. Among the authorities are those that
every deployment trusts, so that a TLS context costs what it does there.
"""

import asyncio
import itertools
import ssl
import sys
from pathlib import Path

import certifi
import trustme

NUMBERS = itertools.count(1)


class Gmail(asyncio.Protocol):
    """One connection. Requests come one after the other, as the engine sends them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if end and len(body) >= length_in(head):
            self.received = b""
            asyncio.get_running_loop().call_later(self.seconds, self.answer)

    def answer(self) -> None:
        content = b'{"id": "%016x", "threadId": "%016x", "labelIds": ["SENT"]}' % ((next(NUMBERS),) * 2)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(head % len(content) + content)


def length_in(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(folder: Path, seconds: float) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    (folder / "ca.pem").write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Gmail(seconds), "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.3))
