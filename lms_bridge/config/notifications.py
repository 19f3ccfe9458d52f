"""What connectors.yaml says about telling people: one model for each type of channel."""

import re
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from lms_bridge.config.form import LOOPBACK, Name, SecretAddress, Settings, Zone

Event = Literal["failed", "recovered", "waiting", "expiry"]
_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
_ADDRESS = r"^[^@\s<>,;:]+@[^@\s<>,;:]+$"


def _time(written: object) -> object:
    # Without quotation marks YAML takes 10:30 for a number to the base of sixty.
    if not isinstance(written, str) or re.fullmatch(_TIME, written) is None:
        raise ValueError('write a time of day in quotation marks, such as "07:00"')
    return written


def _mail_address(written: str) -> str:
    if re.fullmatch(_ADDRESS, written) is None or not written.isprintable():
        raise ValueError(f"{written!r} is no e-mail address such as it@example.org")
    return written


TimeOfDay = Annotated[str, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": _TIME})]
MailAddress = Annotated[str, AfterValidator(_mail_address)]


class TellingSettings(Settings):
    """What every channel can be told."""

    name: Name | None = Field(None, description="What `notify test` calls it; default: its type.")
    events: tuple[Event, ...] = Field(
        ("failed", "recovered", "waiting", "expiry"),
        description="Which changes are told, each once: a route `failed` or `recovered`, something is `waiting` for a "
        "person, a certificate, secret or token ends (`expiry`).",
    )
    digest: TimeOfDay | None = Field(
        None, description='Also a summary each day from this time on, in quotation marks: `"07:00"`.'
    )
    timezone: Zone = Field("UTC", description="The zone of `digest`, such as Europe/Vienna.")


class EmailSettings(TellingSettings):
    """An e-mail by your organisation's mail server."""

    host: str = Field(min_length=1, description="The mail server.")
    port: int = Field(587, ge=1, le=65_535, description="Its port: 587 with `starttls`, 465 with `tls`.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted; `none` only on this machine."
    )
    user: str | None = Field(None, description="The name to sign in with, where the server wants one.")
    password: SecretStr | None = Field(None, description="Its password.")
    sender: MailAddress = Field(alias="from", description="Whom the mail is from.")
    to: tuple[MailAddress, ...] = Field(min_length=1, description="Who is told.")
    ca_file: Path | None = Field(None, description="A PEM file with your organisation's CA certificates.")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError("`security: none` would send in the open; only this machine may do without")
        if (self.user is None) != (self.password is None):
            raise ValueError("needs both `user` and `password`, or neither")
        return self


class _WebSettings(TellingSettings):
    url: SecretAddress = Field(description="The address that is called; whoever knows it can write there.")
    ca_file: Path | None = Field(None, description="A PEM file with your organisation's CA certificates.")


class TeamsSettings(_WebSettings):
    """A channel or chat of Teams, by a workflow with the trigger “When a Teams webhook request is received”."""


class WebhookSettings(_WebSettings):
    """Any other program: JSON by POST."""

    secret: SecretStr = Field(
        description="Signs each call: HMAC-SHA256 over `X-Lms-Bridge-Timestamp`, a full stop and the body, in "
        "`X-Lms-Bridge-Signature: sha256=…`."
    )


CHANNELS: dict[str, type[TellingSettings]] = {
    "email": EmailSettings,
    "teams": TeamsSettings,
    "webhook": WebhookSettings,
}


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    type: str
    settings: TellingSettings

    @property
    def digest(self) -> time | None:
        return time.fromisoformat(self.settings.digest) if self.settings.digest else None


def channel_of(type_: str, settings: BaseModel) -> Channel:
    assert isinstance(settings, TellingSettings)
    return Channel(settings.name or type_, type_, settings)
