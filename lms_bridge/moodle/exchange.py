"""One request to Moodle and one answer: form POST, no redirects, and what each HTTP status means."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from urllib3 import encode_multipart_formdata

from lms_bridge.connector import SharedBudget, Spent
from lms_bridge.errors import Ambiguous, Denied, DestinationError, Unreachable
from lms_bridge.moodle.protocol import Call, clean_text, is_refusal, message_of, plain
from lms_bridge.moodle.refusals import RETRYABLE, refusal_error
from lms_bridge.moodle.shapes import fits
from lms_bridge.transport import Answer, Fail, Request, Retry, Transport, retry_after

UPLOAD = "webservice/upload.php"
_BIG = 1_000_000
_UNSAID = "•••".encode()


class Exchange:
    """Speaks to one site with one token."""

    def __init__(self, transport: Transport, *, url: str, token: str) -> None:
        self._transport = transport
        self.url = url
        self._token = token

    def post(self, call: Call, encode: Callable[[str, Call], bytes]) -> Any:
        """The answer's JSON, refusals included. Raises Unreachable, Ambiguous, Denied or DestinationError."""
        body = encode(self._token, call)
        request = Request(
            method="POST",
            url=f"{self.url}/webservice/rest/server.php",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=body,
            repeatable=not call.write,
            kind=call.kind,
            calls=call.calls,
        )
        return self._send(request, call, len(body)).json()

    def upload(self, name: str, content: bytes, media_type: str, *, draft: int) -> int:
        fields: Mapping[str, str | tuple[str, bytes, str]] = {
            "token": self._token,
            "itemid": str(draft),
            "filearea": "draft",
            "file_1": (name, content, media_type),
        }
        body, content_type = encode_multipart_formdata(fields)
        request = Request(
            method="POST",
            url=f"{self.url}/{UPLOAD}",
            headers={"Content-Type": content_type},
            body=body,
            repeatable=True,  # a draft that nobody uses is swept away by Moodle
        )
        call = Call(function=UPLOAD, args={}, where=name)
        value = self._send(request, call, len(body)).json()
        first = value[0] if isinstance(value, list) and value else value
        if not isinstance(first, dict):
            first = {}
        if first.get("errortype") == "filenameexist" and draft:
            return draft  # an upload whose answer was lost, sent again
        if is_refusal(first) and first.get("errorcode") != "accessexception":
            raise refusal_error(str(first.get("errorcode")), plain(message_of(first)), function=UPLOAD, where=name)
        if first.get("error") or not str(first.get("itemid")).isdigit():
            raise Denied(
                f"Moodle did not take the file {plain(message_of(first))}".strip(),
                where=name,
                next_step="Tick `Can upload files` in lms-bridge's service, or set `images: link`.",
            )
        return int(first["itemid"])

    def spent(self) -> Spent:
        return self._transport.spent()

    def stop(self, *, finish: bool = False) -> None:
        self._transport.stop(finish=finish)

    def share(self, budget: SharedBudget) -> None:
        self._transport.gate.shared = budget

    def _send(self, request: Request, call: Call, size: int) -> Answer:
        """A server that fails may say back what it was sent, the token with it: that is never read."""
        secret = self._token.encode()

        def read(answer: Answer) -> Answer:
            return replace(answer, content=answer.content.replace(secret, _UNSAID))

        return read(self._transport.send(request, lambda answer: _classify(read(answer), call, size)))

    def close(self) -> None:
        self._transport.close()


def _classify(answer: Answer, call: Call, size: int) -> Retry | Fail | None:
    where = call.where or call.function
    status, asked = answer.status, retry_after(answer.headers)
    if status == 200:
        return _classify_content(answer, call, size)
    if status == 429 or (status == 503 and asked is not None):
        # Moodle's own `maintenance.php` says Retry-After, before anything is done (lib/setup.php).
        error = Unreachable("the site is closed for maintenance, or busy.", where=where, next_step="Try later.")
        return Retry(error, asked)
    if status in (408, 425):
        return Retry(Unreachable(f"the web server did not take the request (HTTP {status}).", where=where), asked)
    if 300 <= status < 400:
        return Fail(_moved(answer, where))
    if 400 <= status < 500:
        return Fail(_turned_away(status, where))
    return _unclear(call, f"HTTP {status} came back", asked)


def _classify_content(answer: Answer, call: Call, size: int) -> Retry | Fail | None:
    try:
        value = answer.json()
    except ValueError:
        if b"invalidtoken" in answer.content and size > _BIG:
            return Fail(too_big(call, size))
        return _unclear(call, "no JSON came back, but something else")
    if not is_refusal(value):
        return None if fits(call.function, value) else _unclear(call, "what came back is no answer of that function")
    code = str(value.get("errorcode") or "")
    if code in RETRYABLE:
        error = refusal_error(code, "", function=call.function, where=call.where or call.function)
        return Retry(error, retry_after(answer.headers))
    if code == "invalidtoken" and size > _BIG:
        return Fail(too_big(call, size))
    return None


def _unclear(call: Call, what: str, asked: float | None = None) -> Retry | Fail:
    """A gateway's error page or a cut answer: PHP may well have finished the work."""
    where = call.where or call.function
    if call.write:
        step = "Whether it was done is looked up in the next run."
        return Fail(Ambiguous(f"{call.function} was sent, but {what}.", where=where, next_step=step))
    step = "Try again later; if it stays so, ask who runs the site what its web server answers there."
    error = Unreachable(f"Moodle is not answering properly: {what}.", where=where, next_step=step)
    return Retry(error, asked)


def _turned_away(status: int, where: str) -> DestinationError:
    """By the web server or something in front of it: PHP never saw the request."""
    match status:
        case 403:
            return Denied(
                "the site answers HTTP 403: web services or the REST protocol are switched off, or a firewall stands "
                "in between.",
                where=where,
                next_step="Switch both on under Site administration → Server → Web services → Overview.",
            )
        case 401 | 407:
            return Denied(
                f"something in front of Moodle wants a login of its own (HTTP {status}).",
                where=where,
                next_step="Ask who runs the web server to let lms-bridge through to webservice/.",
            )
        case 404 | 405 | 410:
            cause = f"there is no Moodle web service at this address (HTTP {status})."
            return DestinationError(cause, where=where, next_step="Check `url` in connectors.yaml.")
        case 413 | 414 | 431:
            cause = f"the web server takes no request of this size (HTTP {status})."
            step = "Shorten the page or its images, or raise the web server's limit."
            return DestinationError(cause, where=where, next_step=step)
    return DestinationError(
        f"the web server refuses the request (HTTP {status}).",
        where=where,
        next_step="Ask who runs it which rule that is: a firewall may dislike the text.",
    )


def too_big(call: Call, size: int) -> DestinationError:
    # PHP drops a body over post_max_size whole, the token with it.
    return DestinationError(
        f"Moodle dropped a request of {size // 1000} kB, as it does beyond PHP's post_max_size.",
        where=call.where or call.function,
        next_step="Shorten the page or its images, or raise post_max_size.",
    )


def _moved(answer: Answer, where: str) -> DestinationError:
    try:
        parts = urlsplit(answer.headers.get("Location", ""))
    except ValueError:
        parts = urlsplit("")
    if "login" in parts.path or "auth" in parts.path:
        return Denied(
            "the site sends us to a login page: single sign-on or a firewall stands in front of its web services.",
            where=where,
            next_step="Ask who runs the web server to let lms-bridge through to webservice/.",
        )
    target = clean_text(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}") if parts.netloc else "another address"
    return DestinationError(
        f"the site sends us to {target}: `url` is not the address that Moodle knows itself by.",
        where=where,
        next_step="Set `url` to Moodle's wwwroot, exactly.",
    )
