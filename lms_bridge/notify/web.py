"""Calls to Microsoft Teams and to any other program, by the one HTTP session of the project."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from lms_bridge.config.notifications import TeamsSettings, WebhookSettings
from lms_bridge.errors import BridgeError, DestinationError
from lms_bridge.notify.message import Failed, Message, facts, headline, lines, link, next_step, reason
from lms_bridge.transport import Answer, Fail, Limits, Request, Transport, without_address

_LIMITS = Limits(connect_timeout=10, read_timeout=15, whole_timeout=30, max_bytes=64 * 1024, attempts=1, patience=30)
_JSON = "application/json; charset=utf-8"


def send_teams(settings: TeamsSettings, message: Message, folder: Path) -> None:
    """Raises DestinationError."""
    _post(settings, folder, _bytes(card(message)), {})


def send_webhook(settings: WebhookSettings, message: Message, folder: Path) -> None:
    """Raises DestinationError."""
    body = _bytes(document(message))
    moment = str(int(message.at.timestamp()))
    signed = signature(settings.secret.get_secret_value(), moment, body)
    headers = {"X-Lms-Bridge-Timestamp": moment, "X-Lms-Bridge-Signature": signed, "X-Lms-Bridge-Id": message.id}
    _post(settings, folder, body, headers)


def signature(secret: str, moment: str, body: bytes) -> str:
    """The moment is signed along, so that an old call cannot be sent again as a new one."""
    return "sha256=" + hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def document(message: Message) -> dict[str, Any]:
    """What a webhook is sent: a contract (`schema_version` 1)."""
    return {
        "schema_version": 1,
        "id": message.id,
        "event": message.event,
        "route": message.route,
        "headline": headline(message),
        "reason": reason(message),
        "next_step": next_step(message),
        "run": message.run,
        "console": link(message),
        "troubles": dict(message.about.counts) if isinstance(message.about, Failed) else {},
        "lines": lines(message),
        "installation": message.installation,
        "at": message.at.astimezone(UTC).isoformat(),
    }


def card(message: Message) -> dict[str, Any]:
    """A message with one Adaptive Card, which the workflow's trigger takes. Every text is a TextRun: it knows no
    Markdown, so that no name can become a link.
    https://learn.microsoft.com/en-us/adaptive-cards/schema-explorer/text-run"""
    body = [_block(_run(headline(message), size="Large", weight="Bolder"))]
    body += [_block(_run(line)) for line in lines(message)]
    body += [_block(_run(f"{name}: ", weight="Bolder"), _run(value)) for name, value in facts(message)]
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "fallbackText": headline(message),
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _run(text: str, **how: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **how}


def _block(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _bytes(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _post(settings: TeamsSettings | WebhookSettings, folder: Path, body: bytes, headers: Mapping[str, str]) -> None:
    url = settings.url.get_secret_value()
    request = Request(method="POST", url=url, headers={"Content-Type": _JSON, **headers}, body=body)
    ca_file = folder / settings.ca_file if settings.ca_file else None
    try:
        transport = Transport(limits=_LIMITS, ca_file=ca_file, connections=1)
        try:
            transport.send(request, _refused)
        finally:
            transport.close()
    except BridgeError as error:
        told = without_address(error.problem, request)
        raise DestinationError(told.cause, where=told.where, next_step=told.next_step) from None


def _refused(answer: Answer) -> Fail | None:
    if 200 <= answer.status < 300:
        return None
    if 300 <= answer.status < 400:
        cause, step = "it sends on to another address, which is not followed", "Give the address that takes the call."
    elif answer.status in (401, 403, 404, 410):
        cause, step = f"it refuses the call (status {answer.status})", "Make a new address for it, and replace the old."
    else:
        cause, step = f"it answered with status {answer.status}", "It is tried again after the next run."
    return Fail(DestinationError(cause, next_step=step))
