"""What a source wants to stand somewhere: ratings, reviews, prompts and pages.

Types only. An item is known by its key (source name + the source's own stable id), never by its title.
Bodies are HTML fragments in the canonical form of `lms_bridge.markup`: links to other items are `item:KEY`,
images are `asset:DIGEST` and are listed in `assets`.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from lms_bridge.demand import body_on_demand

Key = str
"""`<source name>:<stable id>`, for example `programme:BIO-101/wiki/cells`."""


class Kind(StrEnum):
    PAGE = "page"
    PROMPT = "prompt"
    REVIEW = "review"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an item was read, for messages: a file and line, or an address."""

    name: str
    line: int | None = None

    def __str__(self) -> str:
        return self.name if self.line is None else f"{self.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Course:
    """A course as its source names it. `placement` says where things go when that is not the default.

    Placement keys are destination names of connectors.yaml; the values belong to that destination's connector
    (for Moodle: `course`, `wiki`, `forum`, `reviews`, `rating_activity`; for SharePoint: `folder`).
    """

    idnumber: str
    title: str
    placement: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a body shows. `load` reads its bytes when they are needed; `digest` is their SHA-256 in hex."""

    digest: str
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    load: Callable[[], bytes] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """What every item has. `url` leads readers to where it is made."""

    key: Key
    course: Course
    title: str
    origin: Origin
    url: str | None = None
    modified: datetime | None = None


@body_on_demand
@dataclass(frozen=True, slots=True, kw_only=True)
class Page(_Item):
    """A wiki page. `index` marks the course's first page, which leads to everything else of the course."""

    kind: Literal[Kind.PAGE] = Kind.PAGE
    body: str
    parent: Key | None = None
    order: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    group: str | None = None
    index: bool = False
    assets: tuple[Asset, ...] = ()


@body_on_demand
@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(_Item):
    """A discussion starter. `publish` and `close` are aware moments; none means at once and never."""

    kind: Literal[Kind.PROMPT] = Kind.PROMPT
    body: str
    publish: datetime | None = None
    close: datetime | None = None
    pinned: bool = False
    tags: tuple[str, ...] = ()
    group: str | None = None
    assets: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(_Item):
    """One learner's stars and words. `rater` is what readers may see: a pseudonym unless the config says otherwise."""

    kind: Literal[Kind.REVIEW] = Kind.REVIEW
    rater: str
    stars: float
    scale: tuple[int, int]
    comment: str
    date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating(_Item):
    """A course's summary. `spread` counts the reviews of each whole star from the scale's lowest to its highest."""

    kind: Literal[Kind.RATING] = Kind.RATING
    average: float
    count: int
    spread: tuple[int, ...]
    rank: float
    """The Bayesian mean: the average drawn towards the programme's mean while reviews are few."""
    scale: tuple[int, int]


Item = Page | Prompt | Review | Rating


@dataclass(frozen=True, slots=True)
class Withheld:
    """An item that the source holds and cannot give now: what stands of it is left as it is, and links lead to it.

    `page`: what is known of a page without its text (course, group, parent, order, whether it is the index).
    """

    key: Key
    origin: Origin
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An item that its source keeps back until somebody approves it there. `origin`: where that is written."""

    key: Key
    kind: Kind
    course: str
    title: str
    origin: Origin


def index_key(source: str, course: str, group: str | None = None) -> Key:
    """The key of a course's first page: one page, whether the designer writes it or the bridge makes it."""
    return f"{source}:{course}/index" + (f"@{group}" if group else "")


def mark(key: Key) -> str:
    """The short form of a key that travels in the destination's markup: 16 letters and digits, lower case.

    80 bits of SHA-256: safe as a CSS class, a file name and a search term, and tells nothing about the source.
    """
    return base64.b32encode(hashlib.sha256(key.encode()).digest()[:10]).decode().lower()
