"""What reads the same to people has one digest, and it is the same in every version of lms-bridge."""

from dataclasses import replace

import pytest

from lms_bridge.connector import Body
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.remembered import copy_key

STANDS = Body(title="Zellen", html="<p>Größe</p>", fields={"stars": 4, "comment": "schön"})


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (STANDS, "e2b2471950979fa47dfded65cfc5eddddac655da5ddeeea98024ebc66b6d3a29"),
        (replace(STANDS, html=""), "f07e5ea733119fe30b037c7175dd6d19ecc3be94b285ca36fe4f402901ec7161"),
    ],
    ids=["a page", "a review"],
)
def test_a_digest_that_an_older_version_remembered_is_known_again(body: Body, digest: str) -> None:
    """Another one for the same text would make every entry look as if a person had changed it."""
    assert body_digest(body) == digest


def test_a_copy_that_an_older_version_made_of_a_persons_words_is_known_again() -> None:
    assert copy_key("s:a", "0123456789abcdef") == "s:a~0123456789ab"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Body(title=" Zellen ", html="<p>Größe</p>\n", fields={"comment": "schön", "stars": 4}), True),
        (Body(title="Zelle", html="<p>Größe</p>", fields=STANDS.fields), False),
        (Body(title="Zellen", html="<p>Größen</p>", fields=STANDS.fields), False),
        (Body(title="Zellen", html="<p>Größe</p>", fields={"stars": 5, "comment": "schön"}), False),
        (Body(title="Zellen", html="", fields=STANDS.fields), False),
    ],
)
def test_a_title_a_text_and_fields_count_and_their_order_and_edges_do_not(other: Body, same: bool) -> None:
    assert (body_digest(other) == body_digest(STANDS)) is same
