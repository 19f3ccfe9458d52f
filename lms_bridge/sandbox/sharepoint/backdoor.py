"""The back door, `/_sandbox/...`: the state as JSON, a person's hand, the clock, the switches.

Nothing here exists on a real SharePoint; faults are set at `/_sandbox/faults`, one layer further out.
"""

import json
from dataclasses import asdict, fields, replace
from typing import Any

from lms_bridge.sandbox.sharepoint.clock import iso
from lms_bridge.sandbox.sharepoint.errors import bad_request
from lms_bridge.sandbox.sharepoint.exchange import Answer, Call
from lms_bridge.sandbox.sharepoint.hand import DEEDS, Hand
from lms_bridge.sandbox.sharepoint.model import Actor
from lms_bridge.sandbox.sharepoint.state import describe
from lms_bridge.sandbox.sharepoint.tenant import PERSON, Behaviour, Tenant

ADDRESS = "/_sandbox/"


def answer_backdoor(tenant: Tenant, call: Call) -> Answer | None:
    if not call.path.startswith(ADDRESS):
        return None
    match (call.method, call.path.removeprefix(ADDRESS).rstrip("/").split("/")):
        case ("GET", ["state"]):
            return Answer(200, describe(tenant))
        case ("GET", ["calls"]):
            return Answer(200, dict(tenant.calls))
        case ("DELETE", ["calls"]):
            tenant.calls.clear()
            return Answer(204)
        case ("GET", ["units"]):
            return Answer(200, tenant.throttle.history())
        case ("GET", ["behaviour"]):
            return Answer(200, asdict(tenant.behaviour))
        case ("PATCH", ["behaviour"]):
            return _switch(tenant, _arguments(call))
        case ("POST", ["clock"]):
            now = tenant.clock.advance(float(_arguments(call).get("advance", 0)))
            return Answer(200, {"now": iso(now)})
        case ("POST", ["hand", deed]) if deed in DEEDS:
            return _do(tenant, deed, _arguments(call))
        case ("GET", ["hand"]):
            return Answer(200, {"deeds": list(DEEDS)})
    return Answer(404, {"error": f"The back door has no {call.method} {call.path}.", "deeds": list(DEEDS)})


def _switch(tenant: Tenant, wanted: dict[str, Any]) -> Answer:
    unknown = set(wanted) - {one.name for one in fields(Behaviour)}
    if unknown:
        raise bad_request(f"Unknown switch: {', '.join(sorted(unknown))}.")
    tenant.behaviour = replace(tenant.behaviour, **wanted)
    return Answer(200, asdict(tenant.behaviour))


def _do(tenant: Tenant, deed: str, arguments: dict[str, Any]) -> Answer:
    site = arguments.pop("site", "/sites/learning")
    name, email = arguments.pop("person", PERSON.name), arguments.pop("email", PERSON.email)
    hand = Hand(tenant, site=site, person=Actor(name, email))
    try:
        return Answer(200, {"result": getattr(hand, deed)(**arguments)})
    except TypeError as problem:
        raise bad_request(str(problem)) from None


def _arguments(call: Call) -> dict[str, Any]:
    try:
        found = json.loads(call.body or b"{}")
    except ValueError:
        raise bad_request("The back door takes JSON.") from None
    if not isinstance(found, dict):
        raise bad_request("The back door takes a JSON object.")
    return found
