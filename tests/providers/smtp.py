"""A real SMTP server on loopback for tests, which can be told to refuse, to wait, or to hang up at any stage.

    with SmtpServer() as server:
        server.reply("RCPT", "550 5.1.1 no such user", recipient="x@y.example")
        server.drop_at("DATA")
        … server.port, server.mails[0].recipients

Stages: CONNECT, EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA (the command), BODY (after the first line of the data; drop only),
END (the dot that ends the data), RSET, NOOP, QUIT.
"""

import asyncio
import hmac
import logging
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

CA = trustme.CA()  # what its certificates are signed with; `trust(path)` writes it down


@dataclass(frozen=True)
class Mail:
    """One accepted mail, dots unstuffed. `user` signed in; `secure`: over TLS."""

    envelope_from: str
    recipients: list[str]
    data: bytes
    options: list[str]
    user: str
    secure: bool


@dataclass
class Rule:
    stage: str
    recipient: str | None
    times: int | None  # None: always
    answer: str | None = None
    seconds: float = 0.0
    drop: bool = False


@dataclass
class SmtpServer:
    """Options first, then what was seen. Offers AUTH where there are credentials, in the open only where `open_auth`."""

    starttls: bool = False
    tls: bool = False
    credentials: tuple[str, str] | None = None
    open_auth: bool = False
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    pipelining: bool = False
    smtputf8: bool = True
    size_limit: int = 32 << 20
    hostname: str = "localhost"  # what its certificate is for
    most: int | None = None  # connections that it takes at once; further ones are refused with 421

    mails: list[Mail] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.rules: list[Rule] = []
        self.lock = threading.Lock()
        self.listener: Listener | None = None

    def __enter__(self) -> Self:
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()
        self.forget()  # the controller greeted itself
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen (again) on the same port."""
        self.listener = Listener(self)
        self.listener.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        if self.listener is not None:
            self.listener.stop()
            self.listener = None

    def reply(self, stage: str, answer: str, *, recipient: str | None = None, times: int | None = None) -> None:
        """Answer so at `stage`; where `recipient` is given, only in its transactions (from RCPT on)."""
        self.add(Rule(stage, recipient, times, answer=answer))

    def drop_at(self, stage: str, *, recipient: str | None = None, times: int | None = 1) -> None:
        """Hang up instead of answering. At END the mail is kept: the server took it, and died before it could say so."""
        self.add(Rule(stage, recipient, times, drop=True))

    def delay(self, stage: str, seconds: float, *, recipient: str | None = None, times: int | None = None) -> None:
        self.add(Rule(stage, recipient, times, seconds=seconds))

    def add(self, rule: Rule) -> None:
        with self.lock:
            self.rules.append(rule)

    def forget(self) -> None:
        """Drop all rules and records."""
        with self.lock:
            self.rules.clear()
            self.mails.clear()
            self.commands.clear()
            self.connections = 0

    def rule_for(self, stage: str, recipients: list[str]) -> Rule | None:
        with self.lock:
            for rule in self.rules:
                if rule.stage == stage and rule.times != 0 and (not rule.recipient or rule.recipient in recipients):
                    if rule.times is not None:
                        rule.times -= 1
                    return rule
        return None


def trust(folder: Path) -> str:
    """The path of the servers' CA certificate, for `SSL_CERT_FILE`."""
    path = folder / "ca.pem"
    CA.cert_pem.write_to_path(str(path))
    return str(path)


def tls_context(hostname: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert(hostname).configure_cert(context)
    return context


class Listener(Controller):
    def __init__(self, server: SmtpServer) -> None:
        self.scripted = server
        context = tls_context(server.hostname) if server.tls or server.starttls else None
        self.starttls_context = context if server.starttls else None
        super().__init__(
            Handler(server), hostname="127.0.0.1", port=server.port, ssl_context=context if server.tls else None
        )

    def factory(self) -> SMTP:
        server = self.scripted
        return ScriptedSmtp(
            server,
            self.handler,
            hostname="test.example",
            enable_SMTPUTF8=server.smtputf8,
            data_size_limit=server.size_limit,
            tls_context=self.starttls_context,
            authenticator=self.handler.authenticate,
            auth_required=server.credentials is not None,
            auth_require_tls=False,  # aiosmtpd would not offer AUTH over implicit TLS; the handler hides it in the open
            loop=self.loop,
        )


def stage(name: str) -> Callable[["ScriptedSmtp", str], Awaitable[None]]:
    """aiosmtpd's method for the command `name`, after the rules had their say."""

    async def run(self: "ScriptedSmtp", argument: str) -> None:
        self.scripted.commands.append(f"{name} {argument or ''}".strip())
        recipients = [argument.partition("<")[2].partition(">")[0]] if name == "RCPT" and argument else []
        recipients += self.envelope.rcpt_tos if self.envelope else []
        if not await self.scripted_answer(name, recipients):
            await getattr(SMTP, f"smtp_{name}")(self, argument)

    return run


class ScriptedSmtp(SMTP):
    # Set while a client is connected, which is whenever our code runs.
    envelope: Any
    session: Any
    transport: Any

    def __init__(self, scripted: SmtpServer, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.scripted = scripted

    smtp_HELO = stage("HELO")  # noqa: N815
    smtp_EHLO = stage("EHLO")  # noqa: N815
    smtp_STARTTLS = stage("STARTTLS")  # noqa: N815
    smtp_AUTH = stage("AUTH")  # noqa: N815
    smtp_MAIL = stage("MAIL")  # noqa: N815
    smtp_RCPT = stage("RCPT")  # noqa: N815
    smtp_RSET = stage("RSET")  # noqa: N815
    smtp_NOOP = stage("NOOP")  # noqa: N815
    smtp_QUIT = stage("QUIT")  # noqa: N815

    async def smtp_DATA(self, argument: str) -> None:  # noqa: N802
        self.scripted.commands.append("DATA")
        recipients = list(self.envelope.rcpt_tos)
        if await self.scripted_answer("DATA", recipients):
            return
        rule = self.scripted.rule_for("BODY", recipients)
        if rule and rule.drop:
            await self.push("354 Go on")
            await self._reader.readline()
            await self.hang_up()
        await super().smtp_DATA(argument)

    async def _handle_client(self) -> None:
        self.scripted.connections += 1
        self.scripted.open += 1
        try:
            if self.scripted.most is not None and self.scripted.open > self.scripted.most:
                await self.push("421 4.3.2 Too many connections")
                self.transport.close()
            elif not await self.scripted_answer("CONNECT", []):
                await super()._handle_client()
        finally:
            self.scripted.open -= 1

    async def scripted_answer(self, name: str, recipients: list[str]) -> bool:
        """Whether a rule answered; after a 421 the server closes, as RFC 5321 wants it."""
        rule = self.scripted.rule_for(name, recipients)
        if rule is None:
            return False
        await asyncio.sleep(rule.seconds)
        if rule.drop:
            await self.hang_up()
        if rule.answer is None:
            return False
        await self.push(rule.answer)
        if rule.answer.startswith("421") or name == "CONNECT":
            self.transport.close()
        return True

    async def hang_up(self) -> None:
        self.transport.abort()
        await asyncio.sleep(60)  # cancelled as soon as the loop tells us of the loss

    async def auth_CRAM__MD5(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """RFC 2195, which aiosmtpd lacks."""
        challenge = "<1896.697170952@test.example>"
        response = await self.challenge_auth(challenge)
        assert isinstance(response, bytes)
        user, _, digest = response.decode().rpartition(" ")
        name, password = self.scripted.credentials or ("", "")
        wanted = hmac.new(password.encode(), challenge.encode(), "md5").hexdigest()
        self.session.user = user
        return AuthResult(success=user == name and digest == wanted, handled=False)


class Handler:
    """aiosmtpd's hooks."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    async def handle_EHLO(  # noqa: N802
        self, smtp: ScriptedSmtp, session: Any, envelope: Any, hostname: str, lines: list[str]
    ) -> list[str]:
        session.host_name = hostname
        auth = "250-AUTH " + " ".join(self.server.mechanisms)
        secure = session.ssl is not None or self.server.tls
        offered = self.server.credentials is not None and (secure or self.server.open_auth)
        kept = [line for line in lines[:-1] if not line.startswith("250-AUTH")]
        return [*kept, *([auth] if offered else []), *(["250-PIPELINING"] if self.server.pipelining else []), lines[-1]]

    def authenticate(self, smtp: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        if mechanism not in self.server.mechanisms:
            return AuthResult(success=False, handled=False, message="504 5.5.4 Unrecognized authentication type")
        session.user = data.login.decode()
        return AuthResult(success=(session.user, data.password.decode()) == self.server.credentials, handled=False)

    async def handle_DATA(self, smtp: ScriptedSmtp, session: Any, envelope: Any) -> str:  # noqa: N802
        rule = self.server.rule_for("END", list(envelope.rcpt_tos))
        if rule is not None:
            await asyncio.sleep(rule.seconds)
        answer = rule.answer if rule and rule.answer else "250 2.0.0 Taken"
        if answer.startswith("2"):
            self.keep(session, envelope)
        if rule and rule.drop:
            await smtp.hang_up()
        return answer

    def keep(self, session: Any, envelope: Any) -> None:
        self.server.mails.append(
            Mail(
                envelope.mail_from,
                list(envelope.rcpt_tos),
                envelope.original_content,
                list(envelope.mail_options),
                getattr(session, "user", ""),
                session.ssl is not None or self.server.tls,
            )
        )
