"""A mail server and a web server on loopback that keep what they are sent."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from lms_bridge.sandbox.sharepoint.certificates import ServerCertificate

USER, PASSWORD = "bridge", "a-mail-password"


@dataclass
class Mailbox:
    port: int = 0
    received: list[Message] = field(default_factory=list)
    refuses: str = ""
    encrypted: list[bool] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return self.refuses
        self.encrypted.append(session.ssl is not None)
        self.received.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"


def _may_enter(server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
    good = isinstance(login, LoginPassword) and (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


class _Anywhere(Controller):
    """At a port that the operating system chooses: the controller looks whether it answers, and must know where."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(certificate: ServerCertificate | None) -> Iterator[Mailbox]:
    """With a certificate nothing is taken before STARTTLS and signing in."""
    box = Mailbox()
    how: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.private_key)
        how = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": _may_enter}
    controller = _Anywhere(box, hostname="127.0.0.1", port=0, **how)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


@dataclass
class Called:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Web:
    url: str = ""
    status: int = 202
    location: str = ""
    called: list[Called] = field(default_factory=list)


@contextmanager
def web_server(folder: Path) -> Iterator[Web]:
    web = Web()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            web.called.append(Called(self.path, dict(self.headers), body))
            self.send_response(web.status)
            if web.location:
                self.send_header("Location", web.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        web.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
