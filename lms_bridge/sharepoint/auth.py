"""The one token provider of a tenant, on msal; nothing else imports msal.

msal caches by itself and renews five minutes before the end, as long as one app object lives. It tells errors as
values; here they become sentences. https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lms_bridge.errors import Denied, DestinationError, Unreachable
from lms_bridge.sharepoint.endpoints import Endpoints
from lms_bridge.sharepoint.entra_http import NoToken
from lms_bridge.sharepoint.keypair import NEW_CERTIFICATE, KeyPair, read_key_pair
from lms_bridge.sharepoint.settings import SharePointSettings

MAX_ASSERTION_BYTES = 64_000
_APP = "Entra → App registrations → your app"
_NUMBER = re.compile(r"AADSTS(\d{4,9})")

SENTENCES: Mapping[int, tuple[str, str]] = {
    700016: ("the app is not known in this tenant", "Check client_id and tenant, and that an admin consented there."),
    7000215: (
        "the client secret is wrong",
        f"Copy the secret's value, not its id: {_APP} → Certificates & secrets. Store it anew.",
    ),
    7000222: ("the client secret has expired", f"Make a new one: {_APP} → Certificates & secrets. Store it anew."),
    700027: ("Entra does not know the certificate, or it has expired there", NEW_CERTIFICATE),
    700024: ("the signed assertion is not valid at this moment", "Set this machine's clock right (NTP)."),
    700021: ("the signed assertion does not match the app", "Check client_id and the credential."),
    700213: (
        "no federated credential of the app fits the token's subject",
        f"Compare issuer, subject and audience: {_APP} → Certificates & secrets → Federated credentials.",
    ),
    70021: (
        "no federated credential of the app fits the token",
        f"Compare issuer, subject and audience: {_APP} → Certificates & secrets → Federated credentials.",
    ),
    90002: ("the tenant does not exist", "Check tenant and cloud: a tenant lives in one cloud only."),
    900023: ("the tenant is not a valid name or id", "Check tenant."),
    500011: ("the tenant does not know the resource asked for", "Check site, cloud and endpoints."),
    53003: ("a conditional access rule blocks the app", "Ask the Entra admin to exclude the app or this address."),
    7000112: ("the app is disabled", "Ask the Entra admin to enable it under Enterprise applications."),
    65001: ("nobody consented to the app's permissions", f"Ask an admin: {_APP} → API permissions → Grant consent."),
}


class TokenProvider:
    """Tokens for Graph and SharePoint REST. Safe for many threads; raises Denied and Unreachable."""

    def __init__(
        self,
        settings: SharePointSettings,
        folder: Path,
        endpoints: Endpoints,
        *,
        http: Any,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._endpoints = endpoints
        self._http = http
        self._now = now
        self._lock = threading.Lock()
        self._app: Any = None
        self._pair: KeyPair | None = None
        self._refused: set[str] = set()

    def result(self, resource: str) -> dict[str, Any]:
        """msal's own result, as office365's pipeline takes it."""
        with self._lock:
            found = self._acquire(resource)
        if "access_token" not in found:
            raise refusal(found, self._endpoints.authority)
        return dict(found)

    def token(self, resource: str) -> str:
        return str(self.result(resource)["access_token"])

    def renew(self, refused: str) -> None:
        """After a 401: forget the refused token, so that the next one is fresh. Many threads may come with the same."""
        with self._lock:
            if refused in self._refused:
                return
            self._refused.add(refused)
            if self._settings.credential.managed_identity is None and self._app is not None:
                self._app.remove_tokens_for_client()
            else:
                self._app = None

    def expires(self) -> datetime | None:
        """When the certificate ends; none for other credentials."""
        with self._lock, self._telling():
            self._client()
        return self._pair.expires if self._pair else None

    def roles(self, resource: str) -> frozenset[str]:
        """The application permissions that the token carries: what an admin consented to."""
        return roles_in(self.token(resource))

    def _acquire(self, resource: str) -> Mapping[str, Any]:
        with self._telling():
            client = self._client()
            if self._settings.credential.managed_identity is not None:
                found = client.acquire_token_for_client(resource=resource)
            else:
                found = client.acquire_token_for_client([f"{resource}/.default"])
        return found if isinstance(found, Mapping) else {}

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What msal raises becomes a sentence; making its client asks Entra as well."""
        import requests

        try:
            yield
        except NoToken as error:
            raise error.error from error
        except requests.RequestException as error:
            raise Unreachable(
                f"Entra could not be reached ({type(error).__name__})",
                where=self._endpoints.authority,
                next_step="Check the network, proxy and endpoints.ca_file, then run again.",
            ) from error
        except ValueError as error:
            raise _unknown_authority(error, self._settings, self._endpoints) from error
        except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
            # msal takes for granted what Entra always answers.
            raise Unreachable(
                f"what answers at Entra's address is not Entra ({type(error).__name__} in its answer)",
                where=self._endpoints.authority,
                next_step="Check `endpoints.authority`, and what stands between this machine and Microsoft.",
            ) from error

    def _client(self) -> Any:
        if self._app is None:
            self._app = self._managed() if self._settings.credential.managed_identity else self._confidential()
        return self._app

    def _confidential(self) -> Any:
        import msal

        return msal.ConfidentialClientApplication(
            self._settings.client_id,
            authority=f"{self._endpoints.authority}/{self._settings.tenant}",
            client_credential=self._credential(),
            http_client=self._http,
            # Other authorities than Microsoft's are unknown to the discovery at login.microsoftonline.com.
            instance_discovery=self._endpoints.known,
        )

    def _managed(self) -> Any:
        import msal

        asked = self._settings.credential.managed_identity
        user = asked.client_id if asked else None
        identity = msal.UserAssignedManagedIdentity(client_id=user) if user else msal.SystemAssignedManagedIdentity()
        return msal.ManagedIdentityClient(identity, http_client=self._http)

    def _credential(self) -> Any:
        credential = self._settings.credential
        if credential.certificate is not None:
            self._pair = read_key_pair(credential.certificate, self._folder, now=self._now)
            return self._pair.credential()
        if credential.secret is not None:
            return credential.secret.get_secret_value()
        return {"client_assertion": self._assertion}

    def _assertion(self) -> str:
        """Read anew for each token: the issuer replaces the file every hour or so."""
        path = self._settings.credential.federated_token_file or Path()
        try:
            with (self._folder / path).open("rb") as file:
                return file.read(MAX_ASSERTION_BYTES).decode("ascii", "replace").strip()
        except OSError as error:
            raise Denied(
                f"the file {path} cannot be read: {error.strerror}",
                where="credential.federated_token_file",
                next_step="Check that the platform mounts the token and that this account may read it.",
            ) from error


def refusal(found: Mapping[str, Any], where: str) -> DestinationError:
    """What Entra refused, from its numbers alone: its words are translated and may quote what was sent."""
    numbers = [int(number) for number in found.get("error_codes") or () if str(number).isdigit()]
    numbers += [int(number) for number in _NUMBER.findall(str(found.get("error_description", "")))]
    for number in numbers:
        if number in SENTENCES:
            cause, step = SENTENCES[number]
            return Denied(f"{cause} (AADSTS{number})", where=where, next_step=step)
    if str(found.get("error")) in ("temporarily_unavailable", "server_error"):
        return Unreachable("Entra is not available at the moment", where=where, next_step="Run again in some minutes.")
    shown = f"AADSTS{numbers[0]}" if numbers else _word(found.get("error"))
    step = (
        f"Look it up at https://login.microsoftonline.com/error?code={numbers[0]}" if numbers else "Check credential."
    )
    return Denied(f"Entra refused the app ({shown})", where=where, next_step=step)


def roles_in(token: str) -> frozenset[str]:
    """Read without verifying: only to tell people what their app was given. Opaque tokens tell nothing."""
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        roles = claims.get("roles", ())
    except (IndexError, ValueError, AttributeError):
        return frozenset()
    return frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset()


def _unknown_authority(error: ValueError, settings: SharePointSettings, endpoints: Endpoints) -> DestinationError:
    numbers = {int(number) for number in _NUMBER.findall(str(error))}
    if numbers & SENTENCES.keys():
        return refusal({"error_codes": sorted(numbers & SENTENCES.keys())}, endpoints.authority)
    return Denied(
        f"Entra does not know the tenant {settings.tenant}",
        where=endpoints.authority,
        next_step="Check tenant and cloud: a tenant lives in one cloud only.",
    )


def _word(value: Any) -> str:
    text = str(value or "no reason given")
    return text if re.fullmatch(r"[a-z_ ]{1,40}", text) else "no reason given"
