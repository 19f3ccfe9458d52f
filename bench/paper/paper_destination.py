"""A destination that takes whatever it is given, and lists what we remember of it: what a run costs without one."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lms_bridge.connector import (
    Body,
    Change,
    Connector,
    Context,
    Cost,
    Entry,
    Finding,
    Outcome,
    Payload,
    Placement,
    PlaceRef,
    Record,
    Status,
)
from lms_bridge.errors import NotFound
from lms_bridge.items import Item, Key, Kind, Page, Prompt, Rating, mark


class PaperSettings(BaseModel):
    """Nothing to set."""


class PaperPlace:
    def __init__(self, ref: PlaceRef) -> None:
        self.ref = ref
        self._records: Sequence[Record] = ()

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        return {item.key: standing.get(item.key, mark(item.key)) for item in items}

    def render(self, item: Item, context: Context) -> Payload:
        address = context.addresses.get(item.key)
        body = item.body if isinstance(item, Page | Prompt) else ""
        figures = f"{item.average} {item.count}" if isinstance(item, Rating) else ""
        fingerprint = hashlib.sha256(f"{item.title}\0{body}\0{figures}".encode()).hexdigest()
        return Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=address.name if address else item.title,
            body=body,
            fingerprint=fingerprint,
        )

    def expect(self, records: Sequence[Record]) -> None:
        self._records = records

    def entries(self) -> Iterable[Entry]:
        for known in self._records:
            yield Entry(ref=known.ref, version=known.version, name=known.name, mark=mark(known.key), title=known.title)
        self._records = ()

    def read(self, entry: Entry) -> Body:
        raise NotFound("is not there", where=entry.name)

    def expected(self, payload: Payload) -> Body:
        return Body(title=payload.title, html=payload.body)

    def cost(self, changes: Sequence[Change]) -> Cost:
        return Cost(calls=len(changes))

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        for change in changes:
            assert change.payload is not None
            name = change.payload.address
            version = change.payload.fingerprint
            entry = Entry(ref=name, version=version, name=name, mark=mark(change.key), title=change.title)
            yield Outcome(change=change, status=Status.DONE, entry=entry, body=self.expected(change.payload))


class Paper:
    kinds = frozenset(Kind)

    def __init__(self, name: str, settings: Any, folder: Path) -> None:
        self.name = name

    def locate(self, items: Iterable[Item]) -> Placement:
        places: dict[PlaceRef, list[Item]] = {}
        for item in items:
            course = item.course.idnumber
            places.setdefault(PlaceRef(item.kind, course, f"{item.kind}s of {course}", course), []).append(item)
        return Placement(places)

    def open(self, ref: PlaceRef) -> PaperPlace:
        return PaperPlace(ref)

    def check(self) -> Iterable[Finding]:
        return []

    def calls(self) -> Mapping[str, int]:
        return {}

    def close(self) -> None:
        pass


CONNECTOR = Connector("paper", PaperSettings, destination=Paper)
