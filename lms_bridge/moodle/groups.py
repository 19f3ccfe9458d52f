"""Groups of learners: how an activity keeps them apart, which take part in it, and which one is meant. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lms_bridge.moodle.client import Client
from lms_bridge.moodle.courses import Activity, CourseSeen
from lms_bridge.moodle.protocol import Call, plain


@dataclass(frozen=True, slots=True)
class Group:
    id: int
    name: str
    idnumber: str = ""


def group_mode(course: CourseSeen | None, activity: Activity, modes: Mapping[int, int]) -> int | None:
    """Moodle's number for how an activity keeps its groups apart; none where nobody told. `modes`: by cmid."""
    if course is not None and course.forced_groups is not None:
        return course.forced_groups
    own = activity.details.get("groupmode")
    own = modes.get(activity.cmid) if own is None else own
    return None if own is None else int(own)


def find_groups(client: Client, activities: Iterable[Activity]) -> dict[int, list[Group]]:
    """The groups that take part in each activity, by cmid. Raises DestinationError."""
    cmids = sorted({activity.cmid for activity in activities})
    function = "core_group_get_activity_allowed_groups"
    replies = client.call_all([Call(function=function, args={"cmid": cmid}, raw=True) for cmid in cmids])
    return {cmid: _groups(reply.take()) for cmid, reply in zip(cmids, replies, strict=True)}


def _groups(answer: Mapping[str, Any]) -> list[Group]:
    return [
        Group(int(row["id"]), plain(str(row.get("name", ""))), str(row.get("idnumber") or ""))
        for row in answer.get("groups", [])
    ]


def pick_group(groups: Sequence[Group], wanted: str) -> Group | None:
    for matches in (lambda g: g.idnumber == wanted, lambda g: g.name == wanted, lambda g: str(g.id) == wanted):
        found = [group for group in groups if matches(group)]
        if len(found) == 1:
            return found[0]
    return None
