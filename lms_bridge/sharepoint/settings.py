"""What connectors.yaml says about a SharePoint site, validated.

Apart so that the JSON Schema needs no Graph.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from lms_bridge.hours import Hours

Cloud = Literal["global", "gcc", "gcc_high", "dod", "china"]
PromptForm = Literal["page", "news", "list"]
ListName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]

CREDENTIALS = ("certificate", "secret", "managed_identity", "federated_token_file")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CertificateSettings(_Settings):
    """A key pair whose public part is uploaded to the app registration in Entra."""

    private_key: SecretStr | None = Field(None, description="The private key in PEM, by reference: `${file:PATH}`.")
    private_key_file: Path | None = Field(None, description="Or the path of the PEM file that holds the private key.")
    public_certificate: str = Field(description="The certificate in PEM (`${file:PATH}`), or the path of its file.")
    passphrase: SecretStr | None = Field(None, description="The private key's passphrase, where it has one.")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if (self.private_key is None) == (self.private_key_file is None):
            raise ValueError("needs exactly one of private_key and private_key_file")
        return self


class ManagedIdentitySettings(_Settings):
    """The identity of the Azure machine that lms-bridge runs on."""

    client_id: str | None = Field(None, description="The user-assigned identity; without it the system-assigned one.")


class CredentialSettings(_Settings):
    """How the app proves who it is: exactly one way. A certificate is the one that Microsoft asks for."""

    certificate: CertificateSettings | None = Field(None, description="A key pair (recommended).")
    secret: SecretStr | None = Field(None, description="A client secret: enough for Graph, refused by SharePoint REST.")
    secret_expires: date | None = Field(
        None,
        description="The day on which the secret ends, as Entra shows it: there are warnings before.",
    )
    managed_identity: ManagedIdentitySettings | None = Field(None, description="The machine's own identity in Azure.")
    federated_token_file: Path | None = Field(
        None, description="A file with a token of another issuer (Kubernetes, GitHub) that the app trusts."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in CREDENTIALS if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"{' and '.join(given)} are given" if given else "none is given"
            raise ValueError(f"needs exactly one of {', '.join(CREDENTIALS)}; {found}")
        return self


class EndpointSettings(_Settings):
    """Other addresses than the cloud's own: for the sandbox, or a gateway."""

    authority: str | None = Field(None, description="Where tokens come from, without the tenant.")
    graph_root: str | None = Field(None, description="Where Graph is, without /v1.0.")
    ca_file: Path | None = Field(None, description="The certificate authority to trust, in PEM.")

    @field_validator("authority", "graph_root")
    @classmethod
    def _https(cls, value: str | None) -> str | None:
        return value if value is None else _https_address(value)


class ListSettings(_Settings):
    """The titles of the lists that `lms-bridge setup sharepoint` makes."""

    ratings: ListName = Field("Course Ratings", description="The list of the courses' ratings.")
    reviews: ListName = Field("Course Reviews", description="The list of learners' reviews.")
    prompts: ListName = Field("Discussion Prompts", description="The list of prompts, with `prompts: {as: list}`.")

    @model_validator(mode="after")
    def _different(self) -> Self:
        names = [name.casefold() for name in (self.ratings, self.reviews, self.prompts)]
        if len(set(names)) != len(names):
            raise ValueError("needs a different title for each list")
        return self


class PromptSettings(_Settings):
    """What learners see of a discussion prompt."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    form: PromptForm = Field(
        "news",
        alias="as",
        description="`news`: a news post with comments · `page`: a page with comments · `list`: an item of a list.",
    )


class PageSettings(_Settings):
    """How wiki pages stand in the site."""

    prefix: str = Field(
        "lms", pattern=r"^[a-z0-9]{1,12}$", description="How our pages' file names begin: lms-COURSE-TITLE-…"
    )
    comments: bool = Field(True, description="Whether learners may comment on wiki pages.")
    images: bool = Field(True, description="Whether images are uploaded and shown; else their descriptions stand.")


class SharePointSettings(_Settings):
    """One SharePoint site that content is pushed into."""

    site: str = Field(description="The site's address, for example https://contoso.sharepoint.com/sites/learning.")
    tenant: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,120}$", description="The directory: contoso.onmicrosoft.com or its id."
    )
    client_id: str | None = Field(None, description="The app registration's application (client) id.")
    credential: CredentialSettings = Field(description="How the app proves who it is.")
    cloud: Cloud = Field("global", description="Which Microsoft cloud. GCC (moderate) uses the global addresses.")
    endpoints: EndpointSettings = Field(default_factory=EndpointSettings, description="Other addresses (sandbox).")
    lists: ListSettings = Field(default_factory=ListSettings, description="The lists' titles.")
    prompts: PromptSettings = Field(default_factory=PromptSettings, description="What prompts become.")
    pages: PageSettings = Field(default_factory=PageSettings, description="How wiki pages stand.")
    organisation: str = Field(
        "lms-bridge", pattern=r"^[A-Za-z0-9 ._-]{1,60}$", description="Told to Microsoft in the User-Agent, as it asks."
    )
    units_per_minute: int = Field(
        1250,
        ge=10,
        le=100_000,
        description="Resource units a minute that the tenant gives an app: 1250 up to 1,000 licences, 2500 up to "
        "5,000, 3750 up to 15,000, 5000 up to 50,000, else 6250. 97 % of it are used, in a day 960 times as much.",
    )
    concurrency: int = Field(4, ge=1, le=16, description="Connections at once.")
    max_connections: int | None = Field(
        None,
        ge=1,
        le=16,
        description="How many may be under way at the most: beyond `concurrency`, one more stays only where that gets "
        "more done; default: `concurrency`. Fewer are when SharePoint takes twice as long as before.",
    )
    calls_per_minute: int | None = Field(None, ge=1, description="At most so many requests; a batch is one.")
    quiet_hours: tuple[Hours, ...] = Field(
        (), description="Times of day, such as `08:00-18:00` by this machine's clock, with one request at a time."
    )

    @field_validator("site")
    @classmethod
    def _site(cls, value: str) -> str:
        return _https_address(value)

    @model_validator(mode="after")
    def _client(self) -> Self:
        if self.client_id is None and self.credential.managed_identity is None:
            raise ValueError("needs client_id, the app registration's application id")
        return self

    @property
    def most_connections(self) -> int:
        return self.max_connections or self.concurrency

    @property
    def host(self) -> str:
        return urlsplit(self.site).netloc

    @property
    def site_path(self) -> str:
        """Server-relative, without a slash at its end: `/sites/learning`, or nothing for the root site."""
        return urlsplit(self.site).path.rstrip("/")


def _https_address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("needs an address that begins with https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("needs a plain address: no user, no query, no fragment")
    return value.strip().rstrip("/")
