"""When the source says all that a person changed at the destination, it may be written there; otherwise never."""

import pytest

from lms_bridge.connector import Body
from lms_bridge.sync.merging import in_the_source


def body(html: str, title: str = "Cells", **fields: bool) -> Body:
    return Body(title=title, html=html, fields=fields)


@pytest.mark.parametrize(
    ("theirs", "ours", "heard"),
    [
        ("<p>Small.</p><p>Source</p><p>Mine.</p>", "<p>Small.</p><p>Mine.</p><p>Source</p>", True),
        ("<p>Tiny.</p><p>Green.</p>", "<p>Tiny.</p><p>Green.</p><p>New in the source.</p>", True),
        ("<h3>Mine</h3><p>Small.</p><p>Green.</p>", "<h5>Mine</h5><p>Small.</p><p>Green.</p>", True),
        ("<p>Green.</p>", "<p>Green.</p><p>New in the source.</p>", True),
        ("<p>Tiny.</p><p>Green.</p>", "<p>Small.</p><p>Tiny.</p><p>Green.</p>", False),
        ("<p>Small.</p><p>Green.</p><p>Mine.</p>", "<p>Small.</p><p>Green, too.</p>", False),
        ("<p>Small.</p><p>Green.</p><p>Mine.</p><p>Mine.</p>", "<p>Small.</p><p>Green.</p><p>Mine.</p>", False),
        ("<p>Green.</p><p>Small.</p>", "<p>Small.</p><p>Green.</p><p>New in the source.</p>", False),
        ("<p>Green.</p><p>Small.</p><p>Mine.</p>", "<p>Small.</p><p>Green.</p><p>Mine.</p>", False),
        ("<p>Green.</p>", "<p>Small.</p><p>Green.</p><p>New in the source.</p>", False),
        ("<p>Small.</p><p>Green.</p>", "<p>Small.</p><p>New in the source.</p>", False),
    ],
    ids=[
        "added elsewhere", "changed alike", "heading on another level", "taken out on both sides",
        "kept beside the old",
        "added, and not in the source", "added twice, once in the source", "only the order", "order and words",
        "taken out, and in the source", "nothing of a person's",
    ],
)  # fmt: skip
def test_every_block_that_a_person_changed_counts(theirs: str, ours: str, heard: bool) -> None:
    base = "<p>Small.</p><p>Green.</p>" if "Source" not in theirs else "<p>Small.</p><p>Source</p>"
    assert in_the_source(body(base), body(theirs), body(ours)) is heard


def test_titles_and_fields_count_as_well() -> None:
    base, ours = body("<p>a</p>"), body("<p>a</p>", "All cells")
    assert in_the_source(base, body("<p>a</p>", "All cells"), ours)
    assert not in_the_source(base, body("<p>a</p>", "My cells"), ours)
    assert not in_the_source(base, body("<p>a</p>", "All cells", pinned=True), ours)
    assert not in_the_source(None, body("<p>a</p>", "All cells"), ours)
