"""An answer of another shape than Moodle's is told as one, before anything is made of it."""

import pytest

from lms_bridge.moodle.shapes import fits

ENTRY = {"id": 4, "contents": [{"fieldid": 12, "content": "2"}]}
WIKI = {"id": 2, "coursemodule": 4, "course": 3, "groupmode": 0}

WARNING = [
    "mod_forum_update_discussion_post",
    "mod_forum_delete_post",
    "mod_forum_set_pin_state",
    "mod_forum_set_lock_state",
]
WARNED: list[tuple[object, bool]] = [
    ({"status": True, "warnings": []}, True),
    ({"id": 1}, True),
    ({"warnings": [{"message": "No."}]}, True),
    ({"status": True, "warnings": True}, False),
    ({"warnings": [None]}, False),
    ("done", False),
]


@pytest.mark.parametrize(
    ("function", "answer", "is_one"),
    [
        ("mod_data_get_entries", {"entries": [ENTRY], "totalcount": 1}, True),
        ("mod_data_get_entries", {"entries": [{"id": 4}], "totalcount": 1}, True),
        ("mod_data_get_entries", {"entries": [{"id": 4, "contents": None}], "totalcount": 1}, True),
        ("mod_data_get_entries", {"entries": [{"id": 4, "contents": [{"content": "2"}]}], "totalcount": 1}, False),
        ("mod_data_get_entries", {"entries": [ENTRY]}, False),
        ("mod_wiki_get_wikis_by_courses", {"wikis": [WIKI], "warnings": []}, True),
        ("mod_wiki_get_wikis_by_courses", {"wikis": [{**WIKI, "groupmode": "../.."}]}, False),
        ("mod_wiki_get_wikis_by_courses", {"wikis": [WIKI], "warnings": "none"}, False),
        ("mod_data_add_entry", {"newentryid": 4, "fieldnotifications": "aaa"}, False),
        ("mod_data_add_entry", {"newentryid": 4, "fieldnotifications": [{"notifications": ["No."]}]}, True),
        ("mod_data_add_entry", {"newentryid": 1.5}, False),
        ("core_course_update_courses", {"warnings": [{"itemid": "x"}]}, False),
        ("core_course_get_courses_by_field", {"courses": [], "warnings": "none"}, False),
        *((function, answer, is_one) for function in WARNING for answer, is_one in WARNED),
        ("a function that nobody looks at", "anything", True),
    ],
)
def test_answers_by_their_shape(function: str, answer: object, is_one: bool) -> None:
    assert fits(function, answer) is is_one
