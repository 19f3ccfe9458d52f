"""Graph: grants of sites and lists to apps, the administrator's half of `Sites.Selected`."""

from collections.abc import Sequence
from typing import Any

from lms_bridge.sandbox.sharepoint.errors import bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_reply import collection, entity
from lms_bridge.sandbox.sharepoint.graph_shapes import grant_json
from lms_bridge.sandbox.sharepoint.graph_types import check_body
from lms_bridge.sandbox.sharepoint.model import Grant
from lms_bridge.sandbox.sharepoint.store import find_list

_ROLES = {"read", "write", "owner", "fullcontrol"}


def get_grants(visit: Visit) -> Answer:
    shapes = [grant_json(grant) for grant in _grants(visit).values()]
    return collection(visit, "permission", shapes, _context(visit))


def get_grant(visit: Visit) -> Answer:
    return entity(visit, "permission", grant_json(_grant(visit)), _context(visit))


def make_grant(visit: Visit) -> Answer:
    body = visit.call.json()
    check_body("permission", body)
    given = body.get("grantedToV2") or body.get("grantedTo")
    for many in ("grantedToIdentitiesV2", "grantedToIdentities", "grantedTo"):
        if not given and isinstance(body.get(many), list) and body[many]:
            given = body[many][0]
    application = (given[0] if isinstance(given, list) and given else given or {}).get("application")
    if not application or not application.get("id"):
        raise bad_request("A permission for a site is granted to an application; its id is missing.")
    grant = Grant(visit.tenant.ids.word(), application["id"], application.get("displayName", ""), _roles(body))
    _grants(visit)[grant.id] = grant
    return entity(visit, "permission", grant_json(grant), _context(visit), status=201)


def change_grant(visit: Visit) -> Answer:
    body = visit.call.json()
    check_body("permission", body)
    grant = _grant(visit)
    grant.roles = _roles(body)
    return entity(visit, "permission", grant_json(grant), _context(visit))


def remove_grant(visit: Visit) -> Answer:
    del _grants(visit)[_grant(visit).id]
    return Answer(204)


def _roles(body: dict[str, Any]) -> list[str]:
    roles = [str(role) for role in body.get("roles") or ()]
    if not roles or not set(roles) <= _ROLES:
        raise bad_request(f"roles must be some of {', '.join(sorted(_ROLES))}.")
    return roles


def _grants(visit: Visit) -> dict[str, Grant]:
    if "list" in visit.params:
        return find_list(visit.site, visit.params["list"]).grants
    return visit.site.grants


def _grant(visit: Visit) -> Grant:
    grant = _grants(visit).get(visit.params["permission"])
    if grant is None:
        raise not_found()
    return grant


def _context(visit: Visit) -> str:
    return f"sites('{visit.params['site']}')/permissions"


ROUTES: Sequence[Route] = tuple(
    Route(method, f"/sites/{{site}}{where}/permissions{rest}", answer, right="full", units=5)
    for where in ("", "/lists/{list}")
    for method, rest, answer in (
        ("GET", "", get_grants),
        ("POST", "", make_grant),
        ("GET", "/{permission}", get_grant),
        ("PATCH", "/{permission}", change_grant),
        ("DELETE", "/{permission}", remove_grant),
    )
)
