"""The settings of the console: who may sign in, and how."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

_EVERYBODY_S = ("common", "organizations", "consumers")
"""Words of Entra's that stand for every tenant there is."""


def _over_tls(address: str) -> str:
    at_home = re.match(r"http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)", address)
    if not address.startswith("https://") and at_home is None:
        raise ValueError("is no https address")
    return address.rstrip("/")


def _one_tenant(tenant: str) -> str:
    # Whoever rules another tenant gives app roles there as they like.
    if tenant.lower() in _EVERYBODY_S:
        raise ValueError("stands for every tenant; name your own by its domain or id")
    return tenant


Address = Annotated[str, Field(max_length=300), AfterValidator(_over_tls)]


class EntraSettings(BaseModel):
    """Sign-in with Entra ID, by an app registration of the console's own. What somebody may do is said by its app
    roles `viewer`, `approver` and `admin`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: Annotated[str, AfterValidator(_one_tenant)] = Field(
        pattern=r"^[A-Za-z0-9.-]+$", description="The tenant's domain or id."
    )
    client_id: str = Field(pattern=r"^[0-9a-fA-F-]{36}$", description="The app registration's application id.")
    secret: SecretStr = Field(description="Its client secret, as a reference.")
    address: Address = Field(
        description="Where people reach the console, such as https://bridge.example.org. The app registration's "
        "redirect URI (web) is this with /sign-in/entra/back."
    )
    ca_file: str | None = Field(None, description="A file of authorities to trust instead of the public ones.")
    authority: Address = Field("https://login.microsoftonline.com", description="Another one for another cloud.")


class ConsoleSettings(BaseModel):
    """Of the pages that `lms-bridge serve` shows to people."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passwords: str = Field(
        "console-users.json",
        description="Who signs in by password: a file that `lms-bridge console add-user NAME --role admin` writes.",
    )
    entra: EntraSettings | None = Field(None, description="Sign-in with Entra ID, beside passwords.")
    edit_config: bool = Field(
        False,
        description="Admins may change this file in the console. The service's account must be allowed to write it.",
    )
