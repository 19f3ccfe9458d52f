"""The sandbox's own addresses under /_sandbox/: the whole state, the count of calls, and a hand that changes things.

They exist on the sandbox's server only; no Moodle has them.
"""

import inspect
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lms_bridge.sandbox.moodle.person_hand import Hand
from lms_bridge.sandbox.moodle.registry import write_calls
from lms_bridge.sandbox.moodle.site import MoodleSite

_TABLES = (
    "categories",
    "courses",
    "sections",
    "activities",
    "users",
    "groups",
    "custom_fields",
    "subwikis",
    "wiki_pages",
    "discussions",
    "posts",
    "data_fields",
    "data_entries",
    "ratings",
    "comments",
)
_SECRETS = frozenset({"password", "token"})


def routes(site: MoodleSite) -> list[Route]:
    async def state(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(dump_state, site))

    async def calls(request: Request) -> Response:
        with site.lock:
            counted = {"calls": dict(site.calls), "writes": write_calls(site.calls)}
            if request.method == "DELETE":
                site.calls.clear()
        return JSONResponse(counted)

    async def hand(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse(known_changes(Hand(site)))
        body = await request.body()
        return await run_in_threadpool(_change, site, body)

    return [
        Route("/_sandbox/state", state),
        Route("/_sandbox/calls", calls, methods=["GET", "DELETE"]),
        Route("/_sandbox/hand", hand, methods=["GET", "POST"]),
    ]


def dump_state(site: MoodleSite) -> dict[str, Any]:
    """Every table as a list of rows; no passwords, no tokens, no bodies of files."""
    with site.lock:
        tables: dict[str, Any] = {name: [_row(row) for row in getattr(site, name).values()] for name in _TABLES}
        tables["wiki_versions"] = [
            {"pageid": page, **_row(version)} for page, versions in site.wiki_versions.items() for version in versions
        ]
        tables["enrolments"] = [
            {"course": course, "user": user, "role": role} for (course, user), role in site.enrolments.items()
        ]
        tables["files"] = [{**_row(file), "body": len(file.body)} for file in site.files]
        tables["now"] = site.now
        tables["calls"] = dict(site.calls)
        return tables


def _row(row: Any) -> dict[str, Any]:
    assert is_dataclass(row)
    assert not isinstance(row, type)
    fields = asdict(row)
    return {name: _plain(value) for name, value in fields.items() if name not in _SECRETS}


def _plain(value: Any) -> Any:
    if isinstance(value, set):
        return sorted(value)
    return None if isinstance(value, bytes) else value


def known_changes(hand: Hand) -> dict[str, str]:
    """Each change that the hand can make, with what it asks for."""
    names = sorted(name for name in dir(hand) if not name.startswith("_"))
    return {name: str(inspect.signature(getattr(hand, name))) for name in names}


def _change(site: MoodleSite, body: bytes) -> Response:
    """`{"change": "edit_wiki_page", "with": {…}}`: any method of the hand, by name."""
    hand = Hand(site)
    try:
        asked = json.loads(body)
        name = str(asked.get("change", ""))
        method: Callable[..., Any] | None = None if name.startswith("_") else getattr(hand, name, None)
        if method is None:
            known = ", ".join(known_changes(hand))
            return JSONResponse({"error": f"no change {name!r}; known: {known}"}, 400)
        with site.lock:
            return JSONResponse({"result": method(**asked.get("with", {}))})
    except (KeyError, TypeError, ValueError) as problem:
        return JSONResponse({"error": f"{type(problem).__name__}: {problem}"}, 400)
