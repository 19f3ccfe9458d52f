"""Sign-in with Entra ID: the authorisation code flow with PKCE, by msal; roles are the app's roles.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps
"""

import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from lms_bridge.console.access.roles import Person, Role, role_of
from lms_bridge.errors import Denied, Unreachable

_MOST = 1_000
_LASTS = timedelta(minutes=10)
_LONGEST_ANSWER = 10_000
_PATIENCE = 20
"""Seconds that Entra may take for one answer."""
_TURN = 2
"""Seconds that others wait for its first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraApp:
    """The console's own app registration. `credential` as msal takes it: a secret, or a certificate with its key.

    `known`: the authority is one of Microsoft's, which msal looks up there.
    """

    authority: str
    client_id: str
    credential: Any
    redirect: str
    """Where Entra sends people back to: the console's address and `/sign-in/entra/back`, as the app registers it."""
    known: bool = True
    ca_file: Path | None = None
    """Whom to trust instead of the public authorities."""


@dataclass(frozen=True, slots=True)
class _Begun:
    flow: Mapping[str, Any]
    next: str
    at: datetime


class EntraDoor:
    """Keeps the flows that were begun, by visitor. Safe in several threads."""

    def __init__(self, app: EntraApp, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock
        self._client: Any = None
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def begin(self, visitor: str, next_: str) -> str:
        """Where to send the visitor. Raises Unreachable."""
        try:
            flow = _asked(lambda: self._msal().initiate_auth_code_flow([], redirect_uri=self._app.redirect))
        except ValueError as error:
            # msal's word for an authority that tells nothing of itself.
            raise Denied(
                "Entra does not know the tenant", next_step="Check console.entra in connectors.yaml."
            ) from error
        if "auth_uri" not in flow:
            raise _refused(str(flow.get("error", "")))
        with self._lock:
            self._begun.pop(visitor, None)
            self._begun[visitor] = _Begun(flow, next_, self._clock())
            while len(self._begun) > _MOST:
                self._begun.popitem(last=False)
        return str(flow["auth_uri"])

    def finish(self, visitor: str, answer: Mapping[str, str]) -> tuple[Person, str]:
        """Who came back, and where they wanted to go. Each flow ends once. Raises Denied, Unreachable."""
        with self._lock:
            begun = self._begun.pop(visitor, None)
        if begun is None or self._clock() - begun.at > _LASTS or sum(map(len, answer.values())) > _LONGEST_ANSWER:
            raise Denied("this sign-in was not begun here, or too long ago", next_step="Sign in once more.")
        try:
            found = _asked(lambda: self._msal().acquire_token_by_auth_code_flow(dict(begun.flow), dict(answer)))
        except ValueError as error:
            # msal's word for a state or a nonce that is not the one it sent: somebody else's answer.
            raise Denied("Entra's answer does not belong to this sign-in", next_step="Sign in once more.") from error
        claims = found.get("id_token_claims")
        if not isinstance(claims, Mapping):
            raise _refused(str(found.get("error", "")))
        return _person(claims), begun.next

    def _msal(self) -> Any:
        """Made once, which asks Entra what it is. Who comes meanwhile does not wait for long: each of them holds one of
        the threads that all pages are made in. Raises Unreachable."""
        if self._client is None:
            if not self._making.acquire(timeout=_TURN):
                raise Unreachable("Entra has not answered yet", next_step="Sign in again in a moment.")
            try:
                self._client = self._client or self._made()
            finally:
                self._making.release()
        return self._client

    def _made(self) -> Any:
        import msal

        # The answer is taken only with the visitor's cookie, and browsers send none with a form that another
        # site posts: it comes as a redirection. The code in it is worth nothing without verifier and secret.
        warnings.filterwarnings("ignore", "response_mode='form_post' is recommended")
        return msal.ConfidentialClientApplication(
            self._app.client_id,
            authority=self._app.authority,
            client_credential=self._app.credential,
            instance_discovery=self._app.known,
            http_client=_session(self._app.ca_file),
        )


def _session(ca_file: Path | None) -> Any:
    """With a time-out, and with a file of authorities that wins over REQUESTS_CA_BUNDLE: a session's own does not.

    https://github.com/psf/requests/issues/3829
    """
    import requests

    session = requests.Session()
    trusting: dict[str, Any] = {"verify": str(ca_file)} if ca_file is not None else {}
    session.request = partial(session.request, timeout=_PATIENCE, **trusting)  # type: ignore[method-assign]
    return session


def _person(claims: Mapping[str, Any]) -> Person:
    roles = claims.get("roles")
    known = [role for word in roles if (role := role_of(str(word)))] if isinstance(roles, list) else []
    name = str(claims.get("preferred_username") or claims.get("oid") or "")[:200]
    if not known or not name:
        raise Denied(
            "you have no role in this console",
            next_step="Ask for one of the app roles viewer, approver or admin: Entra → Enterprise applications → the "
            "console's app → Users and groups.",
        )
    return Person(name, max(known, default=Role.VIEWER), local=False)


def _asked(ask: Callable[[], Any]) -> Mapping[str, Any]:
    import requests

    try:
        found = ask()
    except requests.RequestException as error:
        raise Unreachable(
            f"Entra could not be reached ({type(error).__name__})", next_step="Check the network, and sign in again."
        ) from error
    return found if isinstance(found, Mapping) else {}


def _refused(code: str) -> Denied:
    shown = code if code.isascii() and code.replace("_", "").isalpha() and len(code) <= 40 else "no reason given"
    return Denied(f"Entra refused the sign-in ({shown})", next_step="Sign in once more, or ask the Entra admin.")
