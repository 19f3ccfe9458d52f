"""May this app do that here? Roles in the token, and for `Sites.Selected` a grant on the site as well.

As in learn.microsoft.com/graph/permissions-selected-overview: scope, grant and token, all three.
"""

from lms_bridge.sandbox.sharepoint.errors import Refusal, denied
from lms_bridge.sandbox.sharepoint.exchange import Identity
from lms_bridge.sandbox.sharepoint.model import Grant, Level, Site, SpList

_RANK: dict[Level, int] = {"read": 1, "write": 2, "manage": 3, "full": 4}
_ROLES = {
    "Sites.Read.All": 1,
    "Files.Read.All": 1,
    "Sites.ReadWrite.All": 2,
    "Files.ReadWrite.All": 2,
    "Sites.Manage.All": 3,
    "Sites.FullControl.All": 4,
}
_GRANTED = {"read": 1, "write": 2, "owner": 3, "fullcontrol": 4}
# The SharePoint resource names its application permissions alike, plus these older ones.
_FILES_ONLY = {"Files.Read.All", "Files.ReadWrite.All"}


def require(identity: Identity, site: Site, level: Level, *, splist: SpList | None = None, drive: bool) -> None:
    """Raise unless `identity` reaches `level` on this site, or on this list of it."""
    if not identity.roles:
        raise denied("Either scp or roles claim need to be present in the token.")
    if not reaches(identity, site, level, splist=splist, drive=drive):
        raise denied()


def reaches(identity: Identity, site: Site, level: Level, *, splist: SpList | None = None, drive: bool) -> bool:
    reached = max(
        (_ROLES[role] for role in identity.roles & set(_ROLES) if drive or role not in _FILES_ONLY), default=0
    )
    if "Sites.Selected" in identity.roles:
        reached = max(reached, _granted(identity, site.grants))
    if splist is not None and "Lists.SelectedOperations.Selected" in identity.roles:
        reached = max(reached, _granted(identity, splist.grants))
    return reached >= _RANK[level]


def require_full_control(identity: Identity) -> None:
    if "Sites.FullControl.All" not in identity.roles:
        raise denied()


def require_certificate(identity: Identity, *, secrets_too: bool) -> None:
    """SharePoint's own interface takes no token that was had for a secret."""
    if identity.strength < 2 and not secrets_too:
        raise Refusal(
            401,
            "unauthenticated",
            "Unsupported app only token.",
            hresult="-2147024891",
            exception="System.UnauthorizedAccessException",
            headers={
                "WWW-Authenticate": 'Bearer realm="", error="invalid_token", error_description="Unsupported app '
                'only token."',
                "x-ms-diagnostics": '3001000;reason="There has been an error authenticating the request.";'
                'category="invalid_client"',
            },
        )


def _granted(identity: Identity, grants: dict[str, Grant]) -> int:
    return max(
        (
            _GRANTED[role]
            for grant in grants.values()
            if grant.app_id.casefold() == identity.app_id.casefold()
            for role in grant.roles
            if role in _GRANTED
        ),
        default=0,
    )
