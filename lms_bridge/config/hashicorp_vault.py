"""`${vault:MOUNT/PATH#FIELD}`: a field of a secret in HashiCorp Vault's key-value store, version 2.

Apart because hvac is an extra, and loaded only where a config names such a reference.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lms_bridge.config.unresolved import UnresolvedReference

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PATIENCE = 10.0
"""Seconds for an answer."""
_AGAIN = 3
"""A Vault that is just changing its leader must not cost a run."""
_FORM = "Write `${vault:MOUNT/PATH#FIELD}`, such as `${vault:secret/lms-bridge#moodle-token}`."


def from_hashicorp_vault(name: str) -> str:
    """The newest version of the secret. Address and token as Vault's own command line takes them: VAULT_ADDR,
    VAULT_TOKEN or a file that VAULT_TOKEN_FILE names, VAULT_NAMESPACE, VAULT_CACERT. Raises UnresolvedReference."""
    path, _, field = name.partition("#")
    mount, _, path = path.strip("/").partition("/")
    if not (mount and path and field):
        raise UnresolvedReference(f"${{vault:{name}}} has no field of a secret in it.", _FORM)
    with _client(f"{mount}/{path}", f"{mount}/data/{path}") as client:
        answer = client.secrets.kv.v2.read_secret_version(path, mount_point=mount, raise_on_deleted_version=True)
    try:
        value = answer["data"]["data"][field]
    except (KeyError, TypeError):
        # A redirect is no JSON, either: it is not followed, since the token would go along to wherever it leads.
        step = f"Write it: `vault kv patch -mount={mount} {path} {field}=…`. VAULT_ADDR must lead to it by itself."
        raise UnresolvedReference(f"Vault's {mount}/{path} has no field {field}.", step) from None
    if not isinstance(value, str) or not value:
        raise UnresolvedReference(f"the field {field} of Vault's {mount}/{path} is no text.", "Write it as text.")
    return value


@contextmanager
def _client(shown: str, rule: str) -> Iterator[Any]:
    """Errors in it are told by what they mean: Vault's own sentences may quote what they were given."""
    try:
        import hvac
        import hvac.exceptions
        import requests
    except ImportError:
        step = "Run `pip install '.[vault]'` in a checkout of lms-bridge."
        raise UnresolvedReference("${vault:…} needs a library that is not installed.", step) from None
    # A 4xx is for a person to mend, whoever asks again.
    busy = (hvac.exceptions.RateLimitExceeded, hvac.exceptions.InternalServerError, hvac.exceptions.BadGateway)
    away = (*busy, hvac.exceptions.VaultDown, requests.ConnectionError, requests.Timeout)
    client = hvac.Client(
        url=_address(),
        token=_token(),
        namespace=os.environ.get("VAULT_NAMESPACE"),
        timeout=_PATIENCE,
        allow_redirects=False,
    )
    for scheme in ("https://", "http://"):
        client.session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=_retries()))
    try:
        yield client
    except hvac.exceptions.InvalidPath:
        step = "Write it there, or mend the path: MOUNT/PATH without `data/` in between."
        raise UnresolvedReference(f"Vault holds nothing at {shown}.", step) from None
    except (hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized):
        step = f'Its policy needs `path "{rule}" {{ capabilities = ["read"] }}`; perhaps the token ended.'
        raise UnresolvedReference(f"Vault refuses {shown} to the token.", step) from None
    except (hvac.exceptions.VaultError, requests.RequestException) as error:
        step = "Check VAULT_ADDR and VAULT_CACERT, and whether Vault is sealed: `vault status`."
        cause = f"Vault does not answer as it should ({type(error).__name__})."
        raise UnresolvedReference(cause, step, passing=isinstance(error, away)) from None
    finally:
        client.session.close()


def _retries() -> Any:
    from urllib3 import Retry

    # No Retry-After: whoever stands in between could have a run wait for hours.
    return Retry(
        _AGAIN,
        backoff_factor=0.2,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
        respect_retry_after_header=False,
    )


def _address() -> str:
    address = os.environ.get("VAULT_ADDR", "")
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return address
    cause = "VAULT_ADDR is not set." if not address else "VAULT_ADDR is no https address."
    raise UnresolvedReference(cause, "Set it: `export VAULT_ADDR=https://vault.example.org:8200`.")


def _token() -> str:
    token = os.environ.get("VAULT_TOKEN", "")
    file = os.environ.get("VAULT_TOKEN_FILE", "")
    if not token and file:
        try:
            token = Path(file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeError):
            step = "Let it name a file that this account can read, such as the sink of a Vault agent."
            raise UnresolvedReference("the file that VAULT_TOKEN_FILE names cannot be read.", step) from None
    if not token:
        step = "Set VAULT_TOKEN, or let VAULT_TOKEN_FILE name a file with it."
        raise UnresolvedReference("there is no token for Vault.", step)
    return token
