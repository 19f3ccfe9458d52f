"""`${azure:VAULT/NAME}`: a secret in Azure Key Vault.

Apart because Azure's libraries are an extra, and loaded only where a config names such a reference.
"""

import re

from lms_bridge.config.unresolved import UnresolvedReference

# https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#vault-name-and-object-name
_NAME = re.compile(r"(?P<vault>[A-Za-z0-9-]{3,24}(?:\.[a-z0-9.-]+)?)/(?P<secret>[A-Za-z0-9-]{1,127})")
_PUBLIC_CLOUD = "vault.azure.net"
_FORM = "Write `${azure:VAULT/NAME}`; in a national cloud VAULT is the vault's whole host name."


def from_azure_vault(name: str) -> str:
    """The newest version of the secret. Signs in as azure-identity finds it: a managed or workload identity,
    AZURE_CLIENT_ID and its kin, or the Azure CLI. Raises UnresolvedReference."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise UnresolvedReference(f"${{azure:{name}}} names no secret of a vault.", _FORM)
    vault, secret = found["vault"], found["secret"]
    host = vault if "." in vault else f"{vault}.{_PUBLIC_CLOUD}"
    value = _read(host, secret)
    if not value:
        raise UnresolvedReference(f"the secret {secret} in {host} is empty.", "Give it a value.")
    return value


def _read(host: str, secret: str) -> str | None:
    """Errors are told by what they mean: Azure's own sentences may quote what they were given."""
    try:
        from azure.core.exceptions import (
            AzureError,
            ClientAuthenticationError,
            HttpResponseError,
            ResourceNotFoundError,
        )
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.secrets import SecretClient
    except ImportError:
        step = "Run `pip install '.[azure]'` in a checkout of lms-bridge."
        raise UnresolvedReference("${azure:…} needs a library that is not installed.", step) from None
    try:
        with DefaultAzureCredential() as credential, SecretClient(f"https://{host}", credential) as client:
            value: str | None = client.get_secret(secret).value
            return value
    except ResourceNotFoundError:
        raise UnresolvedReference(f"{host} holds no secret {secret}.", "Make it, or mend the name.") from None
    except ClientAuthenticationError:
        step = "Give the machine a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and what proves it."
        raise UnresolvedReference(f"nobody could be signed in to {host}.", step) from None
    except HttpResponseError as error:
        if error.status_code == 403:
            step = "Give the identity the role `Key Vault Secrets User` on it; look at the vault's firewall as well."
            raise UnresolvedReference(f"{host} refuses the secret {secret} to the identity.", step) from None
        passing = error.status_code is None or error.status_code == 429 or error.status_code >= 500
        raise _unanswered(host, f"HTTP {error.status_code}", passing=passing) from None
    except (AzureError, ValueError) as error:
        # A ValueError: tokens that it wants are for another host, which is no vault's way.
        raise _unanswered(host, type(error).__name__, passing=isinstance(error, AzureError)) from None


def _unanswered(host: str, why: str, *, passing: bool) -> UnresolvedReference:
    cause = f"{host} does not answer as it should ({why})."
    return UnresolvedReference(cause, "Check its name and the network.", passing=passing)
