"""What a tenant holds: sites, lists, items, pages, files, comments, grants.

Plain mutable records without behaviour; every change goes through `store`, under the tenant's lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Level = Literal["read", "write", "manage", "full"]


@dataclass(frozen=True)
class Actor:
    """Who did something: a person, or an app (then `app_id` is set)."""

    name: str
    email: str = ""
    app_id: str = ""


@dataclass
class Column:
    id: str
    name: str
    display_name: str
    kind: str  # the facet of columnDefinition: text, number, dateTime, ...
    facet: dict[str, Any] = field(default_factory=dict)
    indexed: bool = False
    unique: bool = False
    required: bool = False
    hidden: bool = False
    read_only: bool = False
    deletable: bool = True
    description: str = ""
    group: str = "Custom Columns"
    default: dict[str, Any] | None = None
    formatter: str = ""


@dataclass
class Comment:
    number: int
    text: str
    author: Actor
    created: datetime
    parent: int = 0
    replies: list["Comment"] = field(default_factory=list)
    liked_by: list[Actor] = field(default_factory=list)
    mentions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Page:
    """The page half of an item in Site Pages; `published` is what readers see."""

    title: str
    layout: str = "article"
    promotion: str = "page"
    description: str = ""
    thumbnail: str = ""
    show_comments: bool = True
    show_recommended: bool = False
    title_area: dict[str, Any] = field(default_factory=dict)
    canvas: dict[str, Any] = field(default_factory=dict)
    major: int = 0
    minor: int = 1
    checked_out_by: Actor | None = None
    shared_lock: Actor | None = None
    pending_approval: bool = False
    published: dict[str, Any] | None = None
    first_published: datetime | None = None
    unreadable: bool = False  # the canvas of some pages made by hand is answered with 500


@dataclass(frozen=True)
class Version:
    label: str
    at: datetime
    by: Actor
    fields: dict[str, Any]


@dataclass
class Item:
    number: int
    unique_id: str
    created: datetime
    modified: datetime
    created_by: Actor
    modified_by: Actor
    change: int = 1  # the n of the eTag
    fields: dict[str, Any] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    content_type: str = "Item"
    name: str = ""
    folder: str = ""  # the path of the folder it is in; "" is the root
    is_folder: bool = False
    content: bytes | None = None
    mime: str = ""
    size: tuple[int, int] | None = None  # of an image, in pixels
    page: Page | None = None
    comments: list[Comment] = field(default_factory=list)
    comments_disabled: bool = False
    moderation: int = 0  # 0 approved, 1 rejected, 2 pending; of lists that want an approval
    liked_by: list[Actor] = field(default_factory=list)
    ratings: dict[str, int] = field(default_factory=dict)
    views: dict[str, int] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name


@dataclass(frozen=True)
class Touch:
    """One line of a list's change log, for delta."""

    sequence: int
    number: int
    unique_id: str
    deleted: bool


@dataclass
class SpList:
    id: str
    drive_id: str
    name: str  # as in the address
    title: str
    template: str
    created: datetime
    modified: datetime
    created_by: Actor
    description: str = ""
    hidden: bool = False
    content_types_enabled: bool = False
    columns: dict[str, Column] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)
    touches: list[Touch] = field(default_factory=list)
    oldest_token: int = 0  # delta tokens before this one are answered 410
    last_number: int = 0
    last_comment: int = 0
    change: int = 1
    approval: bool = False  # pages that are published, and rows of a list, wait for a person's approval
    force_checkout: bool = False
    comments_disabled: bool = False
    grants: dict[str, "Grant"] = field(default_factory=dict)

    @property
    def moderates(self) -> bool:
        """Whether its rows wait for an approval. Pages have a way of their own."""
        return self.approval and not self.is_library

    @property
    def is_library(self) -> bool:
        return self.template in {"documentLibrary", "webPageLibrary", "pictureLibrary"}


@dataclass
class Grant:
    """A permission on a site or list, given to an app."""

    id: str
    app_id: str
    app_name: str
    roles: list[str]


@dataclass
class Site:
    id: str
    web_id: str
    path: str  # server-relative, "" for the root site
    title: str
    created: datetime
    description: str = ""
    lists: dict[str, SpList] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)


@dataclass(frozen=True)
class Recycled:
    id: str
    deleted: datetime
    by: Actor
    site: Site
    splist: SpList
    item: Item | None  # None: the list itself


@dataclass(frozen=True)
class Registration:
    """An app as Entra knows it."""

    app_id: str
    name: str
    roles: tuple[str, ...] = ()  # application permissions consented for Graph
    sharepoint_roles: tuple[str, ...] = ()  # the same for the SharePoint resource
    secrets: tuple[str, ...] = ()
    certificates: tuple[bytes, ...] = ()  # PEM
    federated: tuple[tuple[str, str], ...] = ()  # issuer and subject of trusted assertions
    redirects: tuple[str, ...] = ()  # where people may be sent back to after signing in
    assigned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # people, and the app roles they have


@dataclass(frozen=True)
class SignIn:
    """What an authorization code stands for, once."""

    person: str
    client_id: str
    redirect: str
    challenge: str
    nonce: str
    until: float
