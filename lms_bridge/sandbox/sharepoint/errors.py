"""How Graph and SharePoint say no.

`Refusal` travels from where the reason is known to where the answer is written; the shapes of both
interfaces are made here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

NOT_INDEXED = (
    "Field '{name}' cannot be referenced in filter or orderby as it is not indexed. Provide the "
    "'Prefer: HonorNonIndexedQueriesWarningMayFailRandomly' header to allow this, but be warned that such "
    "queries may fail on large lists."
)
DUPLICATE = "One or more fields with unique constraints already has the provided value."
THRESHOLD = "The attempted operation is prohibited because it exceeds the list view threshold."
_GERMAN = {
    "-2130575169": "Das Listenelement konnte nicht hinzugefügt oder aktualisiert werden, da doppelte Werte vorliegen.",
    "-2147024860": "Der versuchte Vorgang ist unzulässig, da er den Schwellenwert für die Listenansicht überschreitet.",
    "-2147024891": "Zugriff verweigert.",
    "-2130575338": "Das Element ist nicht vorhanden.",
}
STALE = "ETag does not match current item's value"
CHANGED = "The resource has changed since the caller last read it; usually an eTag mismatch"


@dataclass(eq=False)
class Refusal(Exception):
    """`hresult` and `exception` are what SharePoint REST puts where Graph has `code`."""

    status: int
    code: str
    message: str
    inner: str = ""
    hresult: str = ""
    exception: str = ""
    rest_status: int = 0
    rest_message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


def bad_request(message: str, inner: str = "") -> Refusal:
    return Refusal(
        400, "invalidRequest", message, inner, "-1", "Microsoft.SharePoint.Client.InvalidClientQueryException"
    )


def not_found(message: str = "The resource could not be found.") -> Refusal:
    return Refusal(404, "itemNotFound", message, "", "-2147024894", "System.IO.FileNotFoundException")


def denied(message: str = "Access denied") -> Refusal:
    return Refusal(403, "accessDenied", message, "", "-2147024891", "System.UnauthorizedAccessException")


def unauthenticated(message: str) -> Refusal:
    headers = {"WWW-Authenticate": 'Bearer realm="", authorization_uri="", client_id=""'}
    return Refusal(
        401,
        "InvalidAuthenticationToken",
        message,
        "",
        "-2147024891",
        "System.UnauthorizedAccessException",
        headers=headers,
    )


def name_taken(message: str = "Name already exists") -> Refusal:
    return Refusal(409, "nameAlreadyExists", message, "", "-2130575342", "Microsoft.SharePoint.SPException", 500)


def stale(message: str = STALE) -> Refusal:
    return Refusal(
        412,
        "resourceModified",
        message,
        "entityTagDoesNotMatch",
        "-2130575305",
        "Microsoft.SharePoint.SPException",
    )


def duplicate(columns: str) -> Refusal:
    message = (
        "The list item could not be added or updated because duplicate values were found in the following "
        f"field(s) in the list: [{columns}]."
    )
    return Refusal(
        400,
        "invalidRequest",
        DUPLICATE,
        "",
        "-2130575169",
        "Microsoft.SharePoint.SPDuplicateValuesFoundException",
        500,
        message,
    )


def over_threshold() -> Refusal:
    return Refusal(
        400,
        "invalidRequest",
        THRESHOLD,
        "",
        "-2147024860",
        "Microsoft.SharePoint.SPQueryThrottledException",
        500,
    )


def graph_error(refusal: Refusal, *, now: datetime, request_id: str, client_id: str) -> dict[str, Any]:
    inner: dict[str, Any] = {"code": refusal.inner} if refusal.inner else {}
    inner |= {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_id or request_id,
    }
    return {"error": {"code": refusal.code, "message": refusal.message, "innerError": inner}}


def rest_error(refusal: Refusal, *, verbose: bool, language: str = "en-US") -> dict[str, Any]:
    code = ", ".join(part for part in (refusal.hresult, refusal.exception) if part)
    message = _translated(refusal, language)
    body = {"code": code, "message": {"lang": language, "value": message}}
    return {"error": body} if verbose else {"odata.error": body}


def _translated(refusal: Refusal, language: str) -> str:
    """SharePoint speaks the site's language: a caller must go by the number, not by the words."""
    message = refusal.rest_message or refusal.message
    if not language.startswith("de"):
        return message
    return _GERMAN.get(refusal.hresult, "Fehler") + (f" ({refusal.code})" if refusal.code else "")
