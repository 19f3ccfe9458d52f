"""Copying the template's activities into a course that has none of them.

Guarded because Moodle's import is not idempotent: done twice it leaves every activity twice. So the course is looked
at before and after, and an unanswered import is looked up, never repeated.
"""

import logging
from collections.abc import Mapping
from threading import Lock
from typing import Any

from lms_bridge.connector import PlaceRef
from lms_bridge.errors import Ambiguous, Conflict, DestinationError, NotFound
from lms_bridge.items import Kind
from lms_bridge.moodle.courses import Activity, CourseSeen, Wish, choose_activities, find_activities, find_courses
from lms_bridge.moodle.ground import Ground, spot_of
from lms_bridge.moodle.protocol import Call

_log = logging.getLogger(__name__)

DEFAULT_REVIEWS = "Course reviews"
_MODULES = frozenset({"wiki", "forum", "data"})


class Provision:
    """Fills courses, one at a time each, at most once a run."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._lock = Lock()
        self._template: CourseSeen | None = None

    @property
    def wanted(self) -> bool:
        return self._ground.settings.provision is not None

    def look_up_first_page(self) -> None:
        """What the first page will be called in wikis that are still to be made. Raises DestinationError."""
        wikis = find_activities(self._ground.client, "wiki", [self._find_template().id]).of(self._find_template().id)
        if wikis and wikis[0].details.get("firstpagetitle"):
            self._ground.template_first = str(wikis[0].details["firstpagetitle"])

    def reviews_name(self) -> str:
        """What the reviews activity is called where nobody renamed it. Raises DestinationError."""
        if self.wanted:
            wish = Wish(self._find_template(), self._ground.choice(Kind.REVIEW))
            found = choose_activities(self._ground.client, self._ground.module(Kind.REVIEW), [wish])[0]
            if isinstance(found, Activity):
                return found.name
        return DEFAULT_REVIEWS

    def fill(self, ref: PlaceRef) -> None:
        """Afterwards the ground knows the course's activities. Raises DestinationError."""
        if not self.wanted:
            raise NotFound("the course lacks the activity.", where=ref.title, next_step="Run `lms-bridge check`.")
        spot = spot_of(ref)
        with self._lock:
            if self._ground.activity(ref.kind, spot) is None:
                self._import(spot.course, ref.title)
                self._relocate(spot.course, ref)

    def _import(self, course: int, title: str) -> None:
        template = self._find_template()
        ours = self._modules(template.id)
        names = {(row["modname"], row["name"]) for row in ours if row["modname"] in _MODULES}
        marks = set(self._idnumbers(ours)) - {""}
        before = self._modules(course)
        standing = {(row["modname"], row["name"]) for row in before} & names
        if standing or marks & set(self._idnumbers(before)):
            raise Conflict(
                "the course has some of the template's activities already, so the template is not copied again.",
                where=title,
                next_step="Add the missing activity by hand, with the template's ID number.",
            )
        args = {
            "importfrom": template.id,
            "importto": course,
            "deletecontent": 0,
            "options": [
                {"name": "activities", "value": 1},
                {"name": "blocks", "value": 0},
                {"name": "filters", "value": 0},
            ],
        }
        call = Call(function="core_course_import_course", args=args, write=True, alone=True, where=title)
        reply = self._ground.client.call_all([call])[0]
        if reply.error is not None and not isinstance(reply.error, Ambiguous):
            raise reply.error
        after = {(row["modname"], row["name"]) for row in self._modules(course)}
        if not names <= after:
            raise reply.error or DestinationError(
                "the template was copied, but its activities are not in the course.",
                where=title,
                next_step="Look at the course and at the template course in Moodle.",
            )
        _log.info("%s: copied %d activities from the template", title, len(names))

    def _find_template(self) -> CourseSeen:
        if self._template is None:
            assert self._ground.settings.provision is not None
            name = self._ground.settings.provision.template
            found = find_courses(self._ground.client, "idnumber", [name])[name]
            if not isinstance(found, CourseSeen):
                raise NotFound(
                    f"there is no template course with the idnumber {name}.",
                    where="provision.template",
                    next_step="Let the script of `lms-bridge setup moodle` make it.",
                )
            self._template = found
        return self._template

    def _modules(self, course: int) -> list[Mapping[str, Any]]:
        args = {"courseid": course, "options": [{"name": "excludecontents", "value": 1}]}
        sections = self._ground.client.call("core_course_get_contents", args, raw=True)
        return [module for section in sections for module in section.get("modules", [])]

    def _idnumbers(self, modules: list[Mapping[str, Any]]) -> list[str]:
        calls = [Call(function="core_course_get_course_module", args={"cmid": row["id"]}) for row in modules]
        return [str(r.take()["cm"].get("idnumber") or "") for r in self._ground.client.call_all(calls)]

    def _relocate(self, course: int, ref: PlaceRef) -> None:
        seen = self._ground.courses[course]
        for kind in (Kind.PAGE, Kind.PROMPT, Kind.REVIEW):
            named = spot_of(ref).named if kind is ref.kind else ""
            wish = Wish(seen, self._ground.choice(kind), named or None)
            found = choose_activities(self._ground.client, self._ground.module(kind), [wish])[0]
            if isinstance(found, Activity):
                self._ground.put(kind, course, named, found)
