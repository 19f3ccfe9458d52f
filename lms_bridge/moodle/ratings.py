"""Course ratings: custom fields that learners see in the course list; if wanted, an activity's name on the course page.

Never core_rating, which would rate as our own user. Unknown and locked fields fail without a word in Moodle, so what
was written is read back.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lms_bridge.connector import Action, Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef, Record
from lms_bridge.errors import Ambiguous, ContentError, DestinationError, NotFound, Problem
from lms_bridge.items import Item, Key, Kind, Rating, mark
from lms_bridge.moodle.client import warnings_of
from lms_bridge.moodle.courses import Activity, CourseSeen, NoSuchCourse, find_activities, find_courses
from lms_bridge.moodle.payloads import (
    body_of,
    changed_meanwhile,
    done,
    failed,
    fingerprint,
    version_of,
)
from lms_bridge.moodle.protocol import Call
from lms_bridge.moodle.rating_values import same, shown_values
from lms_bridge.moodle.site import SiteParts

_log = logging.getLogger(__name__)

_AT_ONCE = 50
NAME = "activity_name"


class CourseRatings:
    """The ratings of all courses: one place, so that they travel in bulk. One thread at a time."""

    def __init__(self, ref: PlaceRef, parts: SiteParts) -> None:
        self.ref = ref
        self._parts = parts
        self._ground = parts.ground
        self._settings = parts.ground.settings.ratings
        self._standing: Mapping[int, Key] = {}

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        return {item.key: str(number) for item in items if (number := self._course(item.key)) is not None}

    def render(self, item: Item, context: Context) -> Payload:
        if not isinstance(item, Rating):
            raise ContentError(f"{item.kind} cannot stand among ratings.", where=str(item.origin))
        shown = shown_values(item)
        fields: dict[str, Any] = {name: shown[what] for what, name in self._settings.fields.names().items()}
        if self._settings.activity_name:
            fields[NAME] = self._settings.activity_name.format(**shown)
        return Payload(
            key=item.key,
            kind=item.kind,
            course=item.course.idnumber,
            title=item.title,
            address=str(self._course(item.key) or ""),
            fields=fields,
            fingerprint=fingerprint(fields=fields),
        )

    def entries(self) -> Iterable[Entry]:
        """As `locate` saw the courses a moment ago: their look-up tells the fields, too.

        Courses that no item belongs to any more are looked up here: their ratings stand until they are taken away.
        """
        rated = {number: key for key, number in self._ground.rated.items()}
        orphans = {
            number: key
            for number, key in self._standing.items()
            if number not in self._ground.rated_now and rated.get(number, key) == key
        }
        unsure = self._know(orphans)
        found = []
        for number, key in (rated | orphans).items():
            values = self._values(number)
            if number in unsure:
                found.append(replace(self._entry(number, key, values), version=""))
            elif (number in orphans and values.get(NAME)) or any(
                values.get(name) for name in self._settings.fields.names().values()
            ):
                found.append(self._entry(number, key, values))
        return found

    def expect(self, records: Sequence[Record]) -> None:
        """Where ratings of ours stand, whether or not their course is still in a source."""
        self._standing = {int(record.ref): record.key for record in records if record.ref.isdigit()}

    def _know(self, numbers: Iterable[int]) -> frozenset[int]:
        """Looks up courses that nothing was located in, and their activities that bear a rating of ours as name.

        Returns those that Moodle stumbles over: whether a rating stands there is left open.
        """
        unsure = self._look(list(numbers))
        known = [number for number in numbers if number in self._ground.courses and number not in unsure]
        if not known or not self._settings.activity_name:
            return unsure
        listed = find_activities(self._ground.client, self._ground.module(Kind.REVIEW), known)
        for number in known:
            named = [activity for activity in listed.of(number) if self._is_ours(activity.name)]
            self._ground.put(Kind.REVIEW, number, "", named[0] if len(named) == 1 else None)
        return unsure

    def _is_ours(self, name: str) -> bool:
        """Whether an activity's name is one that we give, whatever the figures in it."""
        parts = re.split(r"\{\w+\}", self._settings.activity_name or "")
        return bool(self._settings.activity_name and re.fullmatch(".+".join(map(re.escape, parts)), name))

    def read(self, entry: Entry) -> Body:
        number = int(entry.ref)
        if self._look([number]):
            raise DestinationError(
                "Moodle does not show the course.", where=self._title(number), next_step="Look at it."
            )
        return body_of("", "", self._values(number))

    def expected(self, payload: Payload) -> Body:
        return body_of("", "", {name: same(value) for name, value in payload.fields.items()})

    def cost(self, changes: Sequence[Change]) -> Cost:
        calls = 2 * -(-len(changes) // _AT_ONCE) + (len(changes) if self._settings.activity_name else 0)
        return Cost(calls=calls, seconds=0.02 * len(changes))

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        for at in range(0, len(changes), _AT_ONCE):
            yield from self._write(changes[at : at + _AT_ONCE])

    def _write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        self._look([self._number(change) for change in changes])
        refused = {change.key: self._refusal(change) for change in changes}
        going = [c for c in changes if refused[c.key] is None and c.action is not Action.ADOPT]
        errors = self._send(going) if going else {}
        if going:
            self._look([self._number(change) for change in going])
        for change in changes:
            yield refused[change.key] or self._outcome(change, errors.get(self._number(change)))

    def _send(self, changes: Sequence[Change]) -> dict[int, DestinationError]:
        """Writes the fields of all courses in one call, then the names; what went wrong by course."""
        # What goes loses its name first: while the fields stand, a run that failed here is tried again.
        errors = self._rename([change for change in changes if change.action is Action.DELETE])
        changes = [change for change in changes if self._number(change) not in errors]
        if not changes:
            return errors
        rows = [{"id": self._number(change), "customfields": self._rows(change)} for change in changes]
        call = Call(function="core_course_update_courses", args={"courses": rows}, write=True, alone=True)
        reply = self._ground.client.call_all([call])[0]
        if isinstance(reply.error, Ambiguous):
            # The fields may stand; whether they do is read back, and the names belong to them all the same.
            errors |= {self._number(change): reply.error for change in changes}
        elif reply.error is not None:
            return errors | {self._number(change): reply.error for change in changes}
        for warning in warnings_of(reply.value):
            errors[int(warning.get("itemid") or 0)] = _warned(warning)
        return errors | self._rename([change for change in changes if change.action is not Action.DELETE])

    def _rows(self, change: Change) -> list[dict[str, str]]:
        wanted = change.payload.fields if change.payload and change.action is not Action.DELETE else {}
        names = self._settings.fields.names().values()
        return [{"shortname": name, "value": str(wanted.get(name, ""))} for name in names]

    def _rename(self, changes: Sequence[Change]) -> dict[int, DestinationError]:
        due: list[tuple[int, Activity, str]] = []
        errors: dict[int, DestinationError] = {}
        for change in changes:
            number = self._number(change)
            gone = change.action is Action.DELETE
            try:
                name = self._name_after(number) if gone else change.payload and change.payload.fields.get(NAME)
            except DestinationError as error:
                errors[number] = error
                continue
            if not name:
                continue
            activity = self._parts.rating_activity(number, self._title(number))
            if activity is None:
                errors[number] = self._nothing_to_rename(number)
            elif activity.name != name:
                due.append((number, activity, str(name)))
        calls = [
            Call(
                function="core_update_inplace_editable",
                args={"component": "core_course", "itemtype": "activityname", "itemid": str(a.cmid), "value": name},
                write=True,
                where=self._title(number),
            )
            for number, a, name in due
        ]
        for (number, activity, name), reply in zip(due, self._ground.client.call_all(calls), strict=True):
            if reply.error is not None:
                errors[number] = reply.error
            else:
                self._ground.rename(activity, name)
        return errors

    def _name_after(self, number: int) -> str | None:
        """What the activity is called once the rating is gone; none when its name is not of our making."""
        activity = self._ground.rating_activity(number)
        return self._parts.provision.reviews_name() if activity and self._is_ours(activity.name) else None

    def _nothing_to_rename(self, number: int) -> DestinationError:
        return NotFound(
            "the course has no activity whose name could show the rating.",
            where=self._title(number),
            next_step="Add the reviews activity, name one as `rating_activity` in course.yaml, or take "
            "`ratings: activity_name:` away.",
        )

    def _outcome(self, change: Change, error: DestinationError | None) -> Outcome:
        number = self._number(change)
        values = self._values(number)
        if change.action is Action.ADOPT:
            return done(change, self._entry(number, change.key, values), body_of("", "", values))
        wanted = {row["shortname"]: same(row["value"]) for row in self._rows(change)}
        wrong = [name for name, value in wanted.items() if values.get(name, "") != value]
        renamed = change.payload is None or values.get(NAME) == change.payload.fields.get(NAME)
        if error is not None and not (isinstance(error, Ambiguous) and not wrong and renamed):
            return failed(change, error)
        if wrong:
            return failed(change, self._unwritten(number, wrong))
        if change.action is Action.DELETE:
            return done(change)
        return done(change, self._entry(number, change.key, values), body_of("", "", values))

    def _unwritten(self, number: int, names: Sequence[str]) -> Problem:
        return Problem(
            f"Moodle did not take the custom fields {', '.join(names)}, without saying why: they are locked or gone.",
            self._title(number),
            "Unlock them under Site administration → Courses → Course custom fields, or give lms-bridge's role "
            "moodle/course:changelockedcustomfields.",
        )

    def _refusal(self, change: Change) -> Outcome | None:
        number = self._number(change)
        if number not in self._ground.courses:
            error = NotFound("the course is not in Moodle any more.", where=change.key, next_step="Sync again.")
            return failed(change, error)
        if change.action in (Action.CREATE, Action.ADOPT) or change.entry is None:
            return None
        values = self._values(number)
        if change.action is Action.DELETE and not any(values.get(row["shortname"]) for row in self._rows(change)):
            return done(change)
        # Where there was no activity to name, the template may have brought one since, in the course's other places.
        as_seen = (version_of(values), version_of({**values, NAME: ""}))
        return None if change.entry.version in as_seen else changed_meanwhile(change)

    def _look(self, numbers: Sequence[int]) -> frozenset[int]:
        """Sees the courses anew; returns those that Moodle stumbles over."""
        found = find_courses(self._ground.client, "id", [str(number) for number in numbers])
        self._ground.renew(course for course in found.values() if isinstance(course, CourseSeen))
        for number, course in found.items():
            if isinstance(course, NoSuchCourse):
                self._ground.courses.pop(int(number), None)
        return frozenset(int(n) for n, course in found.items() if not isinstance(course, CourseSeen | NoSuchCourse))

    def _values(self, number: int) -> dict[str, str]:
        """The custom fields as they stand, and the activity's name where that is ours to set."""
        course = self._ground.courses.get(number)
        fields = course.fields if course else {}
        values = {name: same(fields.get(name, ("", ""))[0]) for name in self._settings.fields.names().values()}
        if self._settings.activity_name:
            activity = self._ground.rating_activity(number)
            values[NAME] = activity.name if activity else ""
        return values

    def _entry(self, number: int, key: Key, values: Mapping[str, str]) -> Entry:
        return Entry(
            ref=str(number),
            version=version_of(dict(values)),
            name=str(number),
            mark=mark(key),
            title=self._title(number),
            url=f"{self._ground.site}/course/info.php?id={number}",
        )

    def _course(self, key: Key) -> int | None:
        return self._ground.rated.get(key)

    def _number(self, change: Change) -> int:
        if change.entry is not None:
            return int(change.entry.ref)
        if change.record is not None:
            return int(change.record.ref)
        return self._course(change.key) or 0

    def _title(self, number: int) -> str:
        return self._ground.course_names().get(number, f"course {number}")


def _warned(warning: Mapping[str, Any]) -> DestinationError:
    code = str(warning.get("warningcode", ""))
    steps = {
        "nopermissions": "Give lms-bridge's role moodle/course:update.",
        "invalidpersistenterror": "Make the custom fields text fields, or number fields for figures only.",
    }
    text = str(warning.get("message", ""))[:200]
    return DestinationError(f"Moodle did not take the rating: {text} ({code})", next_step=steps.get(code, ""))
