"""What each function's answer must hold before anything is made of it.

A proxy, a plug-in or a site that is half restored answers 200 with JSON of another shape. That is told here, once, so
that no place has to look for a missing key, and a bad answer is never taken for an empty listing.
"""

from collections.abc import Mapping
from typing import Any

_WARNINGS = [{"?itemid": int}]
_MODULE = {"id": int, "course": int, "coursemodule": int, "?groupmode": int}
_PAGE = {"id": int, "title": str}
_TAKEN = {"?generalnotifications": [object], "?fieldnotifications": [{"?notifications": [object]}]}

_SHAPES: Mapping[str, Any] = {
    "core_webservice_get_site_info": {"userid": int, "functions": [{"name": str}]},
    "core_course_get_courses_by_field": {
        "courses": [{"id": int, "?groupmode": int, "?customfields": [{}]}],
        "?warnings": _WARNINGS,
    },
    "core_course_get_contents": [{"modules": [{"id": int, "modname": str, "name": str}]}],
    "core_course_get_course_module": {"cm": {"?groupmode": int}},
    "core_course_update_courses": {"warnings": _WARNINGS},
    "core_enrol_get_enrolled_users": [{}],
    "core_group_get_activity_allowed_groups": {"groups": [{"id": int}]},
    "mod_wiki_get_wikis_by_courses": {"wikis": [_MODULE], "?warnings": _WARNINGS},
    "mod_wiki_get_subwiki_pages": {"pages": [{**_PAGE, "subwikiid": int}]},
    "mod_wiki_get_page_contents": {"page": _PAGE},
    "mod_wiki_get_page_for_editing": {"pagesection": {}},
    "mod_wiki_new_page": {"pageid": int},
    "mod_wiki_edit_page": {"pageid": int},
    "mod_forum_get_forums_by_courses": [
        {"id": int, "course": int, "cmid": int, "?forcesubscribe": int, "?groupmode": int}
    ],
    "mod_forum_get_forum_discussions": {
        "discussions": [
            {"id": int, "discussion": int, "subject": str, "message": str, "?groupid": int, "?numreplies": int}
        ]
    },
    "mod_forum_get_discussion_posts": {"posts": [{"?author": {}}]},
    "mod_forum_add_discussion": {"discussionid": int, "?warnings": _WARNINGS},
    "mod_forum_update_discussion_post": {"?warnings": _WARNINGS},
    "mod_forum_delete_post": {"?warnings": _WARNINGS},
    "mod_forum_set_pin_state": {"?warnings": _WARNINGS},
    "mod_forum_set_lock_state": {"?warnings": _WARNINGS},
    "mod_data_get_databases_by_courses": {"databases": [_MODULE], "?warnings": _WARNINGS},
    "mod_data_get_fields": {"fields": [{"id": int, "name": str}]},
    "mod_data_get_entries": {"entries": [{"id": int, "?contents": [{"fieldid": int}]}], "totalcount": int},
    "mod_data_add_entry": {"newentryid": int, **_TAKEN},
    "mod_data_update_entry": {"updated": int, **_TAKEN},
    "tool_mobile_call_external_functions": {"responses": [{}]},
}
"""`[…]` any number of such, `{…}` an object with at least these keys; those with a question mark may be
absent or empty."""


def fits(function: str, value: Any) -> bool:
    """Whether a value can be this function's answer. Where nobody looks at the answer, anything can."""
    return function not in _SHAPES or _fits(value, _SHAPES[function])


def _fits(value: Any, shape: Any) -> bool:
    if shape is int:
        # Moodle writes some numbers as strings; JSON also knows 1e400, which Python reads as infinite.
        return isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit())
    if shape is object:
        return True
    if shape is str:
        return isinstance(value, str)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(each, shape[0]) for each in value)
    return isinstance(value, dict) and all(_has(value, key, inner) for key, inner in shape.items())


def _has(value: Mapping[str, Any], key: str, shape: Any) -> bool:
    name = key.removeprefix("?")
    if name != key and value.get(name) is None:
        return True
    return name in value and _fits(value[name], shape)


def known_functions() -> frozenset[str]:
    return frozenset(_SHAPES)
