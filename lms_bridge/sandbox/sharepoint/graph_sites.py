"""Graph: sites, and the stubs beside them that libraries look at (`/me`, service principals)."""

from collections.abc import Sequence

from lms_bridge.sandbox.sharepoint.errors import Refusal, bad_request, not_found
from lms_bridge.sandbox.sharepoint.exchange import Answer, Route, Visit
from lms_bridge.sandbox.sharepoint.graph_reply import collection, entity, expansions, listed
from lms_bridge.sandbox.sharepoint.graph_shapes import drive_json, list_json, site_json
from lms_bridge.sandbox.sharepoint.rights import require


def get_site(visit: Visit) -> Answer:
    shape = site_json(visit.tenant, visit.site)
    wanted = expansions(visit, "site")
    if "lists" in wanted:
        shape["lists"] = [list_json(visit.tenant, visit.site, one) for one in visit.site.lists.values()]
    if "drive" in wanted or "drives" in wanted:
        drives = [drive_json(visit.tenant, visit.site, one) for one in visit.site.lists.values() if one.is_library]
        shape |= {"drives": drives} if "drives" in wanted else {"drive": drives[0]}
    if visit.call.query.get("$select", "").find("sharepointIds") >= 0:
        site = visit.site
        shape["sharepointIds"] = {
            "siteId": site.id,
            "siteUrl": visit.tenant.site_url(site),
            "tenantId": visit.tenant.id,
            "webId": site.web_id,
        }
    return entity(visit, "site", shape, "sites")


def find_sites(visit: Visit) -> Answer:
    """`GET /sites?search=...`: what this app may see."""
    wanted = visit.call.query.get("search", visit.call.query.get("$search", "")).strip('"').casefold()
    if not wanted and "$filter" not in visit.call.query:
        raise bad_request("Cannot enumerate sites")
    seen = []
    for site in visit.tenant.sites.values():
        try:
            require(visit.identity, site, "read", drive=False)
        except Refusal:
            continue
        if wanted in ("", "*") or wanted in f"{site.title} {site.path}".casefold():
            seen.append(site_json(visit.tenant, site))
    return collection(visit, "site", seen, "sites")


def get_subsites(visit: Visit) -> Answer:
    return listed(visit, "site", [], "sites")


def get_service_principals(visit: Visit) -> Answer:
    people = [
        {"id": app.app_id, "appId": app.app_id, "displayName": app.name, "servicePrincipalType": "Application"}
        for app in visit.tenant.apps.values()
    ]
    return Answer(200, {"@odata.context": f"{visit.call.origin}/v1.0/$metadata#servicePrincipals", "value": people})


def get_me(visit: Visit) -> Answer:
    raise Refusal(400, "BadRequest", "/me request is only valid with delegated authentication flow.")


def get_organization(visit: Visit) -> Answer:
    raise not_found()


ROUTES: Sequence[Route] = (
    Route("GET", "/sites", find_sites, right=None),
    Route("GET", "/sites/{site}", get_site, units=1),
    Route("GET", "/sites/{site}/sites", get_subsites),
    Route("GET", "/servicePrincipals", get_service_principals, right=None),
    Route("GET", "/me", get_me, right=None),
    Route("GET", "/organization", get_organization, right=None),
)
