"""How an item will look where it is going to stand, before it is pushed. Nothing is written.

Its text is shown in a frame that may do nothing: no script, no form, no address but its own.
"""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from lms_bridge.connector import Body, Change, Payload, Place
from lms_bridge.console.access.roles import Role
from lms_bridge.console.apart import Apart
from lms_bridge.console.desk import Clock, Loader
from lms_bridge.console.errands import Progress
from lms_bridge.console.pages import Page, Visit
from lms_bridge.errors import BridgeError, NotFound
from lms_bridge.markup.links import asset_digest, map_images

if TYPE_CHECKING:
    from lms_bridge.bridge import Bridge
    from lms_bridge.sync.run import Route

POLICY = "default-src 'none'; style-src 'self'; img-src data: 'self'; sandbox; frame-ancestors 'self'; base-uri 'none'"
MOST_IMAGE_BYTES = 20_000_000
"""Of all images of a preview, an equal part for each route."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An item at one destination. `system`: what kind of destination it is, for how the page looks."""

    route: str
    destination: str
    system: str
    place: str
    title: str
    html: str
    fields: Sequence[tuple[str, str]]
    reason: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    key: str
    seen: Sequence[Seen]
    problems: Sequence[str]


def ask(visit: Visit) -> Response:
    key = visit.given("key")[:2_000]
    desk = visit.desk
    work = Apart(partial(preview, desk.load, key), desk.clock)
    errand = desk.errands.start("preview", key, work, by=visit.name, end=work.end)
    return visit.go(f"/looks/{errand.id}")


def frame(visit: Visit) -> Response:
    """What stands in the frame: a page of its own, under a policy of its own."""
    errand = visit.desk.errands.find(visit.part("id"))
    number = visit.part("number")
    if errand is None or not isinstance(errand.result, Preview) or not number.isascii() or not number.isdigit():
        raise NotFound("this preview is not remembered any more.", next_step="Ask for it once more.")
    if int(number[:4]) >= len(errand.result.seen):
        raise NotFound("there is no such preview.", next_step="Ask for it once more.")
    document = _document(errand.result.seen[int(number[:4])])
    headers = {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(document, headers=headers)


def preview(load: Loader, key: str, clock: Clock, progress: Progress) -> Preview:
    """At every destination whose route has the item."""
    from lms_bridge.bridge import open_bridge

    seen: list[Seen] = []
    problems: list[str] = []
    config = load()
    # The others' sources are not even read: they may be large.
    routes = [route.name for route in config.routes if key.startswith(f"{route.source.name}:")]
    if not routes:
        raise _missing(key)
    with open_bridge(config, only_routes=routes) as bridge:
        for at, route in enumerate(bridge.routes):
            progress("rendering", at, len(bridge.routes))
            try:
                seen += _at(bridge, route, key, clock(), problems)
            except BridgeError as error:
                problems.append(f"{route.name}: {error.problem}")
    if not seen and not problems:
        raise _missing(key)
    return Preview(key, seen, problems)


def _missing(key: str) -> NotFound:
    return NotFound("no source has such an item.", where=key, next_step="Look whether its file is still there.")


def _at(bridge: "Bridge", route: "Route", key: str, now: datetime, problems: list[str]) -> list[Seen]:
    from lms_bridge.sync.selected import prepare_selected

    plan = prepare_selected(route, bridge.state, [key], now=now)
    system = next(each.destination.connector.name for each in bridge.config.routes if each.name == route.name)
    problems += [f"{route.name}: {failure.problem}" for failure in plan.failures if failure.key in ("", key)]
    most = MOST_IMAGE_BYTES // len(bridge.routes)
    return [
        _seen(_shown(plan.places[change.place.id], change.payload, most), change, change.payload, route, system)
        for change in (*plan.changes, *plan.in_step)
        if change.key == key and change.payload is not None
    ]


def _shown(place: Place, payload: Payload, most: int) -> Body:
    body = place.expected(payload)
    return replace(body, html=map_images(body.html, _embedded(payload, most)) if body.html else "")


def _seen(body: Body, change: Change, payload: Payload, route: "Route", system: str) -> Seen:
    return Seen(
        route.name,
        route.destination.name,
        system,
        change.place.title,
        payload.title,
        body.html,
        [(name, str(value)) for name, value in sorted(body.fields.items()) if value not in (None, "")],
        change.reason,
        change.entry.url if change.entry is not None else None,
    )


def _embedded(payload: Payload, most: int) -> Any:
    """Images as part of the page: the frame has no session, and may fetch nothing."""
    left = most
    assets: Mapping[str, Any] = {asset.digest: asset for asset in payload.assets}

    def address(src: str) -> str | None:
        nonlocal left
        asset = assets.get(asset_digest(src) or "")
        if asset is None or asset.size > left:
            return src
        left -= asset.size
        return f"data:{asset.media_type};base64,{base64.b64encode(asset.load()).decode()}"

    return address


def _document(seen: Seen) -> str:
    """The text is what the connector would send, which it cleaned; the policy holds whatever it missed."""
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in seen.fields
    )
    table = f"<table class='fields'>{rows}</table>" if rows else ""
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>{html.escape(seen.title)}</title><link rel='stylesheet' href='/static/preview.css'></head>"
        f"<body class='{html.escape(seen.system, quote=True)}'><h1>{html.escape(seen.title)}</h1>"
        f"<main>{seen.html}{table}</main></body></html>"
    )


PAGES = (
    Page("/previews", ask, role=Role.VIEWER, method="POST"),
    Page("/previews/{id}/{number}", frame, role=Role.VIEWER),
)
