"""Every function that the emulator knows, by name."""

from collections.abc import Mapping

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

UPLOAD = "upload.php"
_FAMILIES = (
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
FUNCTIONS = {function.name: function for family in _FAMILIES for function in family.FUNCTIONS}


def write_calls(calls: Mapping[str, int]) -> dict[str, int]:
    """Of the counted calls those that change something that people see; none of them means "nothing written"."""
    return {name: n for name, n in calls.items() if name == UPLOAD or (name in FUNCTIONS and FUNCTIONS[name].writes)}
