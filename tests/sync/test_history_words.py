"""The words and the data in which past runs, and what waits for a person, are told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lms_bridge.connector import Body, Sides
from lms_bridge.items import Kind
from lms_bridge.sync.history_text import outcome_line, review_lines, review_row, run_line, run_row
from lms_bridge.sync.intent import PastRun, Review

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RUN = PastRun(
    run="1", route="r", destination="moodle", started=NOW, ended=NOW + timedelta(seconds=12), checksum="c",
    exit_code=0, summary={"created": 3, "updated": 0},
)  # fmt: skip
CUT_OFF = replace(RUN, ended=None, exit_code=None, summary={})
OUTCOME = {
    "action": "update", "kind": "page", "status": "done", "title": "Cells", "course": "BIO-101",
    "reason": "the source changed", "cause": None, "next_step": None,
}  # fmt: skip
FAILED = OUTCOME | {"status": "failed", "cause": "No answer came.", "next_step": "Sync again."}


def page(words: str, title: str = "Cells") -> Body:
    return Body(title=title, html=f"<p>{words}</p>")


SIDES = Sides(
    base=page("Small."), theirs=page("Very small."), ours=page("Small, alive."), merged=page("Very small, alive.")
)
BASE_UNKNOWN = Body(title="", html="")
REVIEW = Review(
    route="r", place="page@7", key="s:a", kind=Kind.PAGE, title="Cells", course="BIO-101", reason="both changed",
    found=NOW, url=None, fingerprint="f", version="3", sides=SIDES,
)  # fmt: skip
HEAD = "r: s:a  “Cells” in BIO-101, since 2026-11-23 08:00 UTC: both changed"


def test_a_run_is_told_with_what_it_did_and_how_long_it_took_or_that_it_was_cut_off() -> None:
    assert run_line(RUN) == "1  r: 3 created in 12 s"
    assert run_line(CUT_OFF) == "1  r: was cut off"
    assert [run_row(run)["ended"] for run in (RUN, CUT_OFF)] == ["2026-11-23T08:00:12+00:00", None]


def test_of_what_failed_the_cause_is_told_and_what_to_do() -> None:
    assert outcome_line(OUTCOME) == "  update   page   done      “Cells” in BIO-101: the source changed"
    assert outcome_line(FAILED) == (
        "  update   page   failed    “Cells” in BIO-101: the source changed – No answer came. Sync again."
    )


def test_both_sides_are_shown_from_what_they_began_with() -> None:
    assert list(review_lines(REVIEW)) == [
        HEAD,
        "  What the person changed ([-taken out-] {+put in+}):",
        "      Cells",
        "    - [-Small-].",
        "    + {+Very small+}.",
        "  What the source changed:",
        "      Cells",
        "    - Small.",
        "    + Small{+, alive+}.",
        "  They do not clash: `accept merged` keeps both.",
    ]


@pytest.mark.parametrize(("clashes", "spots"), [(1, "one spot"), (2, "2 spots")])
def test_how_often_they_clash_is_told(clashes: int, spots: str) -> None:
    review = replace(REVIEW, sides=replace(SIDES, clashes=clashes))
    told = f"  They clash in {spots}: `accept merged` keeps the person's words there, and both elsewhere."
    assert list(review_lines(review))[-1] == told
    assert review_row(review)["clashes"] == clashes


def test_where_the_beginning_is_not_known_the_two_are_shown_against_each_other() -> None:
    assert list(review_lines(replace(REVIEW, sides=replace(SIDES, base=BASE_UNKNOWN)))) == [
        HEAD,
        "  How the source's text differs from the person's:",
        "      Cells",
        "    - [-Very-] [-small-].",
        "    + {+Small,+} {+alive+}.",
        "  What the two began with is not known, so that they cannot be merged.",
    ]


@pytest.mark.parametrize(
    "base",
    [
        replace(BASE_UNKNOWN, title="Cells"),
        replace(BASE_UNKNOWN, html="<p>Small.</p>"),
        replace(BASE_UNKNOWN, fields={"stars": 3}),
    ],
    ids=["a title", "a text", "a field"],
)
def test_whatever_is_known_of_the_beginning_both_sides_are_shown_from_it(base: Body) -> None:
    assert list(review_lines(replace(REVIEW, sides=replace(SIDES, base=base))))[-1].startswith("  They do not clash")


def test_what_only_one_side_has_is_not_compared_and_where_it_stands_is_told() -> None:
    alone = replace(REVIEW, sides=None, url="https://moodle.example/17")
    assert list(review_lines(alone)) == [
        HEAD,
        "  it stands at https://moodle.example/17",
        "  Only one side has a text; `lms-bridge diff KEY` shows what stands there.",
    ]
    assert review_row(alone)["clashes"] is None
