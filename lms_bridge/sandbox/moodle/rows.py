"""What the emulated Moodle remembers, one dataclass a table. Mutable: Moodle overwrites its rows."""

from dataclasses import dataclass, field
from typing import Any

EVERY_FUNCTION = "*"


@dataclass
class Course:
    id: int
    category: int
    fullname: str
    shortname: str
    idnumber: str
    contextid: int
    summary: str = ""
    visible: int = 1
    format: str = "topics"
    startdate: int = 0
    enddate: int = 0
    timecreated: int = 0
    timemodified: int = 0
    groupmode: int = 0
    enablecompletion: int = 1
    cacherev: int = 0
    sortorder: int = 0
    fields: dict[int, str] = field(default_factory=dict)


@dataclass
class Category:
    id: int
    name: str
    idnumber: str | None = None


@dataclass
class Section:
    id: int
    course: int
    number: int
    name: str | None = None
    sequence: list[int] = field(default_factory=list)


@dataclass
class Activity:
    """A course module together with its instance (the forum, wiki or database itself)."""

    cmid: int
    modname: str
    instance: int
    course: int
    section: int
    name: str
    contextid: int
    idnumber: str = ""
    visible: int = 1
    groupmode: int = 0
    groupingid: int = 0
    completion: int = 0
    added: int = 0
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class User:
    id: int
    username: str
    firstname: str
    lastname: str
    contextid: int
    email: str = "somebody@moodle.example"
    password: str = "PASSWORD"  # noqa: S105 - an invented one, for invented people
    auth: str = "manual"
    suspended: bool = False
    forcepasswordchange: bool = False
    policyagreed: bool = False
    lang: str = "en"

    @property
    def fullname(self) -> str:
        return f"{self.firstname} {self.lastname}"


@dataclass
class Group:
    id: int
    course: int
    name: str
    idnumber: str = ""
    description: str = ""
    members: list[int] = field(default_factory=list)


@dataclass
class Service:
    shortname: str
    functions: set[str]
    enabled: bool = True
    restrictedusers: bool = True
    users: set[int] = field(default_factory=set)
    uploadfiles: bool = True
    downloadfiles: bool = True

    def allows(self, function: str) -> bool:
        return EVERY_FUNCTION in self.functions or function in self.functions


@dataclass
class Token:
    token: str
    user: int
    service: str
    iprestriction: str | None = None
    validuntil: int = 0


@dataclass
class CustomField:
    id: int
    shortname: str
    name: str
    type: str
    configdata: dict[str, Any] = field(default_factory=dict)


@dataclass
class Subwiki:
    id: int
    wikiid: int
    groupid: int
    userid: int


@dataclass
class WikiPage:
    id: int
    subwikiid: int
    title: str
    userid: int
    timecreated: int
    timemodified: int
    timerendered: int
    cachedcontent: str = ""
    pageviews: int = 0
    cached_at: float = 0.0


@dataclass
class WikiVersion:
    version: int
    content: str
    contentformat: str
    userid: int
    timecreated: int


@dataclass
class WikiLock:
    pageid: int
    section: str | None
    userid: int
    lockedat: float


@dataclass
class Discussion:
    id: int
    course: int
    forum: int
    name: str
    firstpost: int
    userid: int
    groupid: int
    timemodified: int
    usermodified: int
    pinned: int = 0
    timelocked: int = 0
    subscribers: set[int] = field(default_factory=set)


@dataclass
class Post:
    id: int
    discussion: int
    parent: int
    userid: int
    created: int
    modified: int
    subject: str
    message: str
    messageformat: int = 1


@dataclass
class DataField:
    id: int
    dataid: int
    name: str
    type: str
    description: str = ""
    required: int = 0
    params: list[str | None] = field(default_factory=list)


@dataclass
class DataContent:
    id: int
    content: str | None = None
    content1: str | None = None


@dataclass
class DataEntry:
    id: int
    dataid: int
    userid: int
    groupid: int
    timecreated: int
    timemodified: int
    approved: bool
    contents: dict[int, DataContent] = field(default_factory=dict)


@dataclass
class Rating:
    id: int
    contextid: int
    component: str
    ratingarea: str
    itemid: int
    scaleid: int
    rating: int
    userid: int
    timemodified: int


@dataclass
class Comment:
    id: int
    contextid: int
    component: str
    area: str
    itemid: int
    content: str
    userid: int
    timecreated: int


@dataclass
class StoredFile:
    contextid: int
    component: str
    filearea: str
    itemid: int
    filename: str
    body: bytes
    mimetype: str
    author: int
    timemodified: int
    filepath: str = "/"
