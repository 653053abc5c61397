"""Whoever is told: an HTTP receiver and an SMTP server, both real, on the loopback interface."""

import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Answer = tuple[int, Mapping[str, str], bytes]
FINE: Answer = (204, {}, b"")


@dataclass(frozen=True)
class Call:
    """A request that came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """An HTTP server that keeps what it gets; `answer` decides what it says to each request."""

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.calls: list[Call] = []
        self.answer: Callable[[Call], Answer] = lambda _: FINE
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                call = Call(self.path, dict(self.headers), self.rfile.read(length))
                receiver.calls.append(call)
                status, headers, body = receiver.answer(call)
                try:
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(body)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # whoever called has gone

            def log_message(self, *_: Any) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(30)
        self._server.server_close()


@dataclass
class MailRoom:
    """An SMTP server that keeps what it gets; `say` decides what it says to a recipient."""

    tls: ssl.SSLContext | None = None
    password: str | None = None
    say: Callable[[str], str] = lambda _: "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    def __enter__(self) -> Self:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        needs = self.password is not None
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=port,
            tls_context=self.tls,
            ready_timeout=60,
            authenticator=self._authenticate if needs else None,
            auth_required=needs,
        )
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()

    # Its names are aiosmtpd's.
    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.say(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = cast("bytes", envelope.original_content)
        mail = message_from_bytes(content, policy=policy.default)
        self.mails.append(cast("EmailMessage", mail))
        self.recipients.extend(envelope.rcpt_tos)
        self.over_tls.append(session.ssl is not None)
        return "250 Taken"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=right, handled=False)
