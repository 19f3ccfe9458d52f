"""What every block of settings is: strict, and unchangeable once it was read. Values that several blocks have."""

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

_SPAN = r"^[1-9]\d{0,3}(s|m|h|d)$"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def span_of(written: str) -> timedelta:
    """`90s`, `15m`, `2h`, `1d`."""
    return timedelta(seconds=int(written[:-1]) * _SECONDS[written[-1]])


def checked_span(written: Any) -> Any:
    if not isinstance(written, str) or re.fullmatch(_SPAN, written) is None:
        raise ValueError("write a number with s, m, h or d, such as 15m")
    return written


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
Span = Annotated[str, BeforeValidator(checked_span), WithJsonSchema({"type": "string", "pattern": _SPAN})]
Zone = Annotated[str, AfterValidator(_zone)]
SecretAddress = Annotated[SecretStr, AfterValidator(_https)]
"""Whoever knows it may use it. Over https; http only to this machine."""
