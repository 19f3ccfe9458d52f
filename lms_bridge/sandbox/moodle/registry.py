"""Every function that the emulator knows, by name."""

from collections.abc import Mapping
from functools import cache

from lms_bridge.sandbox.moodle.call import Function

UPLOAD = "upload.php"


@cache
def functions() -> dict[str, Function]:
    # The families are imported here because some of them (batch, site information) ask the registry in turn.
    from lms_bridge.sandbox.moodle import (
        activity_edits,
        batch,
        comments_ratings,
        course,
        course_contents,
        custom_fields,
        data_activity,
        files,
        forum,
        forum_lists,
        forum_writes,
        groups,
        import_course,
        site_info,
        updates,
        wiki,
    )

    families = (
        activity_edits,
        batch,
        comments_ratings,
        course,
        course_contents,
        custom_fields,
        data_activity,
        files,
        forum,
        forum_lists,
        forum_writes,
        groups,
        import_course,
        site_info,
        updates,
        wiki,
    )
    return {function.name: function for family in families for function in family.FUNCTIONS}


def write_calls(calls: Mapping[str, int]) -> dict[str, int]:
    """Of the counted calls those that change something that people see; none of them means "nothing written"."""
    known = functions()
    return {name: n for name, n in calls.items() if name == UPLOAD or (name in known and known[name].writes)}
