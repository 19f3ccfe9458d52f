"""What every block of settings is: strict, and unchangeable once it was read. Values that several blocks have."""

from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone; names look like Europe/Berlin") from error
    return name


def _https(value: SecretStr) -> SecretStr:
    written = value.get_secret_value()
    if written.startswith("${"):  # read without secrets
        return value
    try:
        parts = urlsplit(written)
        host = parts.hostname
    except ValueError:
        raise ValueError("is no address") from None
    if not host or parts.username or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        raise ValueError("needs an address that begins with https://, without a user")
    return value


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Zone = Annotated[str, AfterValidator(_zone)]
SecretAddress = Annotated[SecretStr, AfterValidator(_https)]
"""Whoever knows it may use it. Over https; http only to this machine."""
