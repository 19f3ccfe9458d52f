"""One request to Moodle and one answer: form POST, no redirects, and what each HTTP status means."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from urllib3 import encode_multipart_formdata

from lms_bridge.errors import Ambiguous, Denied, DestinationError, Unreachable
from lms_bridge.moodle.protocol import Call, clean_text, is_refusal, plain
from lms_bridge.moodle.refusals import RETRYABLE, refusal_error
from lms_bridge.transport import Answer, Fail, Request, Retry, Transport, retry_after

UPLOAD = "webservice/upload.php"
_BIG = 1_000_000
_UNSAID = "•••".encode()


class Exchange:
    """Speaks to one site with one token."""

    def __init__(self, transport: Transport, *, url: str, token: str) -> None:
        self._transport = transport
        self._url = url
        self._token = token

    def post(self, call: Call, encode: Callable[[str, Call], bytes]) -> Any:
        """The answer's JSON, refusals included. Raises Unreachable, Ambiguous, Denied or DestinationError."""
        body = encode(self._token, call)
        request = Request(
            method="POST",
            url=f"{self._url}/webservice/rest/server.php",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=body,
            repeatable=not call.write,
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
            url=f"{self._url}/{UPLOAD}",
            headers={"Content-Type": content_type},
            body=body,
            repeatable=True,  # a draft that nobody uses is swept away by Moodle
        )
        call = Call(function=UPLOAD, args={}, where=name)
        value = self._send(request, call, len(body)).json()
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict) and first.get("errortype") == "filenameexist" and draft:
            return draft  # an upload whose answer was lost, sent again
        if not isinstance(first, dict) or "itemid" not in first or first.get("error"):
            text = plain(str(first.get("error") or "")) if isinstance(first, dict) else ""
            raise Denied(
                f"Moodle did not take the file {text}".strip(),
                where=name,
                next_step="Tick `Can upload files` in lms-bridge's service, or set `images: link`.",
            )
        return int(first["itemid"])

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
    if answer.status == 200:
        return _classify_content(answer, call, size)
    match answer.status:
        case 429 | 503:
            error = Unreachable("the site is closed for maintenance, or busy.", where=where, next_step="Try later.")
            return Retry(error, retry_after(answer.headers))
        case 403:
            return Fail(
                Denied(
                    "the site answers HTTP 403: web services or the REST protocol are switched off, or a firewall "
                    "stands in between.",
                    where=where,
                    next_step="Switch both on under Site administration → Server → Web services → Overview.",
                )
            )
        case 301 | 302 | 303 | 307 | 308:
            return Fail(_moved(answer, where))
        case 404 | 405:
            cause = f"there is no Moodle web service at this address (HTTP {answer.status})."
            return Fail(DestinationError(cause, where=where, next_step="Check `url` in connectors.yaml."))
        case 413:
            cause = "the web server takes no request of this size (HTTP 413)."
            step = "Shorten the page or its images, or raise the web server's limit."
            return Fail(DestinationError(cause, where=where, next_step=step))
    return _unclear(call, f"HTTP {answer.status} came back")


def _classify_content(answer: Answer, call: Call, size: int) -> Retry | Fail | None:
    try:
        value = answer.json()
    except ValueError:
        if b"invalidtoken" in answer.content and size > _BIG:
            return Fail(_too_big(call, size))
        return _unclear(call, "no JSON came back")
    if not is_refusal(value):
        return None
    code = str(value.get("errorcode") or "")
    if code in RETRYABLE:
        error = refusal_error(code, "", function=call.function, where=call.where or call.function)
        return Retry(error, retry_after(answer.headers))
    if code == "invalidtoken" and size > _BIG:
        return Fail(_too_big(call, size))
    return None


def _unclear(call: Call, what: str) -> Retry | Fail:
    """A gateway's error page or a cut answer: PHP may well have finished the work."""
    where = call.where or call.function
    if call.write:
        step = "Whether it was done is looked up in the next run."
        return Fail(Ambiguous(f"{call.function} was sent, but {what}.", where=where, next_step=step))
    return Retry(Unreachable(f"Moodle is not answering properly: {what}.", where=where, next_step="Try again later."))


def _too_big(call: Call, size: int) -> DestinationError:
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
    target = clean_text(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}") if parts.netloc else "another address"
    return DestinationError(
        f"the site sends us to {target}: `url` is not the address that Moodle knows itself by.",
        where=where,
        next_step="Set `url` to Moodle's wwwroot, exactly.",
    )
