"""REST: `$batch`, OData 3's multipart form: reads side by side, writes in change sets. Not a transaction."""

import json
import re
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from typing import TYPE_CHECKING

from lms_bridge.sandbox.sharepoint.errors import bad_request
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call, parse_address

if TYPE_CHECKING:
    from lms_bridge.sandbox.sharepoint.tenant import Tenant

Door = Callable[["Tenant", Call, str], Answer]
MOST = 100


def answer_rest_batch(tenant: "Tenant", call: Call, site_path: str, door: Door) -> Answer:
    """Each part goes through `door`, as a request of its own would."""
    parts = list(_parts(call.body, call.header("content-type")))
    if not parts:
        raise bad_request("The batch holds no requests.")
    if len(parts) > MOST:
        raise bad_request(f"A batch holds at most {MOST} requests.")
    boundary = f"batchresponse_{tenant.ids.guid()}"
    lines = []
    for part in parts:
        answer = _one(tenant, call, part, site_path, door)
        lines.append(f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n")
        lines.append(_written(answer))
    lines.append(f"--{boundary}--\r\n")
    media = f"multipart/mixed; boundary={boundary}"
    return Answer(200, "\r\n".join(lines).encode(), {"Content-Type": media})


def _parts(body: bytes, content_type: str) -> Iterator[bytes]:
    """The requests, those in change sets too, in the order in which they stand."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if "multipart/mixed" not in content_type or match is None:
        raise bad_request("A batch must be multipart/mixed with a boundary.")
    boundary = b"--" + match[1].strip().encode()
    for chunk in body.split(boundary)[1:]:
        if chunk.startswith(b"--"):
            return
        head, _, inner = chunk.lstrip(b"\r\n").partition(_blank_line(chunk))
        kind = re.search(rb"(?i)content-type:\s*([^\r\n]+)", head)
        kind_text = kind[1].decode("latin-1") if kind else ""
        if "multipart/mixed" in kind_text:
            yield from _parts(inner, kind_text)
        else:
            yield inner


def _one(tenant: "Tenant", outer: Call, part: bytes, site_path: str, door: Door) -> Answer:
    line, _, rest = part.lstrip(b"\r\n").partition(b"\n")
    words = line.decode("utf-8", "replace").strip().split(" ")
    if len(words) < 3:
        raise bad_request("A part of the batch does not begin with a request line.")
    method, url = words[0].upper(), " ".join(words[1:-1])
    blank = _blank_line(rest)
    head, _, body = rest.partition(blank) if not rest.startswith((b"\r\n", b"\n")) else (b"", b"", rest)
    sent = BytesParser(policy=HTTP).parsebytes(head + b"\r\n\r\n", headersonly=True)
    headers = {name.lower(): str(value) for name, value in sent.items() if name.lower() != "authorization"}
    headers["authorization"] = outer.header("authorization")
    headers.setdefault("accept", outer.header("accept"))
    path, query = parse_address(url if "://" in url else f"//host/{url.lstrip('/')}")
    start = path.casefold().find("/_api")
    # Addresses may be absolute, from the root, or from the web.
    full = path if start >= 0 else f"{site_path}/_api{path}"
    if not full.casefold().startswith(f"{site_path.casefold()}/_api"):
        raise bad_request("A batch holds requests of one site only.")
    inner = Call(method, full, query, headers, body.strip(b"\r\n"), outer.origin, in_batch=True)
    fault = tenant.faults.take(method, url)
    if fault is not None and fault.kind == "status":
        wait = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        return Answer(fault.status, None, wait)
    return door(tenant, inner, site_path)


def _written(answer: Answer) -> str:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    content = ""
    if isinstance(answer.body, bytes):
        content = answer.body.decode("utf-8", "replace")
    elif answer.body is not None:
        content = json.dumps(answer.body, ensure_ascii=False)
    headers = {"CONTENT-TYPE": "application/json;odata=verbose;charset=utf-8"} if content else {}
    headers |= {name.upper(): value for name, value in answer.headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} {phrase}\r\n{lines}\r\n{content}"


def _blank_line(text: bytes) -> bytes:
    windows, unix = text.lstrip(b"\r\n").find(b"\r\n\r\n"), text.lstrip(b"\r\n").find(b"\n\n")
    return b"\n\n" if windows < 0 or 0 <= unix < windows else b"\r\n\r\n"
