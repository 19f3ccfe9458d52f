"""The three dialects of SharePoint's REST answers: `odata=verbose`, minimal metadata, `odata=nometadata`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lms_bridge.sandbox.sharepoint.exchange import Answer

Json = dict[str, Any]


@dataclass(frozen=True)
class Entity:
    """`address` is relative to `/_api/`; values may be entities, feeds, or plain."""

    type_name: str
    address: str
    values: Json
    etag: str = ""

    def only(self, names: Sequence[str]) -> "Entity":
        """What `$select` leaves; `Author/Title` leaves `Author`."""
        wanted = {name.split("/")[0].casefold() for name in names}
        if not wanted:
            return self
        kept = {name: value for name, value in self.values.items() if name.casefold() in wanted}
        return Entity(self.type_name, self.address, kept, self.etag)


@dataclass(frozen=True)
class Feed:
    entities: Sequence[Entity]
    next_link: str = ""


@dataclass(frozen=True)
class Value:
    """What a function or property returns; `name` is how verbose answers call it."""

    name: str
    value: Any
    type_name: str = ""


@dataclass(frozen=True)
class Dialect:
    root: str  # the address of `/_api/`
    word: str  # verbose, minimal, none
    headers: Json = field(default_factory=dict)

    @property
    def is_verbose(self) -> bool:
        return self.word == "verbose"


def choose_dialect(root: str, accept: str) -> Dialect:
    accept = accept.lower().replace(" ", "")
    if "verbose" in accept:
        word = "verbose"
    elif "nometadata" in accept or "odata.metadata=none" in accept:
        word = "none"
    else:
        word = "minimal"
    return Dialect(root, word)


def write(answer: Answer, dialect: Dialect) -> Answer:
    """The answer of a route, its body in the dialect."""
    body = answer.body
    if isinstance(body, Entity):
        headers = {"ETag": body.etag, **answer.headers} if body.etag else dict(answer.headers)
        shape = _entity(body, dialect)
        if dialect.is_verbose:
            shape = {"d": shape}
        elif dialect.word == "minimal":
            shape = {"odata.metadata": f"{dialect.root}/_api/$metadata#{body.type_name}/@Element", **shape}
        return Answer(answer.status, shape, {**headers, **_content_type(dialect)})
    if isinstance(body, Feed):
        return Answer(answer.status, _feed(body, dialect), {**answer.headers, **_content_type(dialect)})
    if isinstance(body, Value):
        return Answer(answer.status, _value(body, dialect), {**answer.headers, **_content_type(dialect)})
    return answer


def _content_type(dialect: Dialect) -> dict[str, str]:
    word = {"verbose": "verbose", "none": "nometadata", "minimal": "minimalmetadata"}[dialect.word]
    return {"Content-Type": f"application/json;odata={word};streaming=true;charset=utf-8"}


def _entity(entity: Entity, dialect: Dialect) -> Json:
    address = f"{dialect.root}/_api/{entity.address}"
    values = {name: _plain(value, dialect) for name, value in entity.values.items()}
    if dialect.word == "none":
        return values
    if dialect.is_verbose:
        metadata = {"id": address, "uri": address, "type": entity.type_name}
        if entity.etag:
            metadata["etag"] = entity.etag
        return {"__metadata": metadata, **values}
    shape: Json = {"odata.type": entity.type_name, "odata.id": address}
    if entity.etag:
        shape["odata.etag"] = entity.etag
    return {**shape, "odata.editLink": entity.address, **values}


def _feed(feed: Feed, dialect: Dialect) -> Json:
    shapes = [_entity(entity, dialect) for entity in feed.entities]
    if dialect.is_verbose:
        return {"d": {"results": shapes, **({"__next": feed.next_link} if feed.next_link else {})}}
    link = {"odata.nextLink": feed.next_link} if feed.next_link else {}
    metadata = {"odata.metadata": f"{dialect.root}/_api/$metadata"} if dialect.word == "minimal" else {}
    return {**metadata, **link, "value": shapes}


def _value(value: Value, dialect: Dialect) -> Json:
    plain = _plain(value.value, dialect)
    if dialect.is_verbose:
        if isinstance(value.value, dict) and value.type_name:
            plain = {"__metadata": {"type": value.type_name}, **plain}
        return {"d": {value.name: plain}}
    metadata = {"odata.metadata": f"{dialect.root}/_api/$metadata"} if dialect.word == "minimal" else {}
    if isinstance(value.value, dict):
        return {**metadata, **plain}
    return {**metadata, "value": plain}


def _plain(value: Any, dialect: Dialect) -> Any:
    if isinstance(value, Entity):
        return _entity(value, dialect)
    if isinstance(value, Feed):
        shapes = [_entity(entity, dialect) for entity in value.entities]
        return {"results": shapes} if dialect.is_verbose else shapes
    if isinstance(value, dict):
        return {name: _plain(inner, dialect) for name, inner in value.items()}
    if isinstance(value, list):
        plain = [_plain(inner, dialect) for inner in value]
        return {"results": plain} if dialect.is_verbose else plain
    return value
