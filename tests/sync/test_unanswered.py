"""What is known of writes whose answer never came, by what stands there now."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from found_world import BIO, ENTRY, KEY, NOW, RECORD

from lms_bridge.connector import Action, Entry, Record
from lms_bridge.items import Course, Kind, mark
from lms_bridge.sync.intent import COPY, Intent
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Route
from lms_bridge.sync.survey import Look
from lms_bridge.sync.unanswered import deleted_without_answer, digests_of, merges_of, without_record
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import make_item

ITEM = replace(make_item(Kind.PAGE, Course("BIO-101", "Cell Biology")), key=KEY)
UNMARKED, OTHER = replace(ENTRY, mark=None), Entry(ref="9", version="1", name="Roots", mark=mark("s:roots"))
UPDATE, DELETE, MERGE = Action.UPDATE.value, Action.DELETE.value, Action.MERGE.value


def intent(action: str, **other: Any) -> Intent:
    sent = Intent(
        route="r", place=BIO.id, key=KEY, run="1", action=action, fingerprint="print", digest="digest", opened=NOW
    )
    return replace(sent, **other)


def look(*entries: Entry, **other: Any) -> Look:
    told: dict[str, Any] = {"items": [ITEM], "records": {KEY: RECORD}, "entries": list(entries), **other}
    return Look(place=MemoryPlace(told.pop("ref", BIO), MemoryDestination()), **told)


@pytest.mark.parametrize(
    ("seen", "sent", "whole", "ours"),
    [
        (look(OTHER), [DELETE], True, True),
        (look(OTHER), [UPDATE, DELETE], True, True),
        (look(OTHER), [DELETE, UPDATE], True, False),
        (look(OTHER), [UPDATE], True, False),
        (look(OTHER), [], True, False),
        (look(OTHER, items=[]), [DELETE], True, False),
        (look(OTHER, items=[]), [DELETE], False, True),
        (look(OTHER, items=[]), [UPDATE], False, False),
        (look(ENTRY), [DELETE], True, False),
        (look(UNMARKED), [DELETE], True, False),
        (look(replace(ENTRY, ref="2")), [DELETE], True, False),
        (look(entries=None), [DELETE], True, False),
    ],
    ids=[
        "it is gone after our delete", "the delete was the last", "it was written again later", "it was only written",
        "a person deleted it", "its item is gone as well", "nobody knows whether its item is gone",
        "a person deleted it meanwhile", "it stands there still", "the same, without its mark",
        "it stands there again", "nobody looked",
    ],
)  # fmt: skip
def test_an_entry_is_gone_because_of_us_only_after_a_delete_of_ours_and_where_nothing_of_it_stands(
    seen: Look, sent: list[str], *, whole: bool, ours: bool
) -> None:
    """Made again is what we took away ourselves and never what a person deleted; what a whole listing lacks as well is
    forgotten by the plan, which tells it."""
    elsewhere = intent(DELETE, place="page@ECO-200", key=KEY)
    told = deleted_without_answer(seen, [elsewhere, *(intent(action) for action in sent)], whole=whole)
    assert told == ([RECORD] if ours else [])


@pytest.mark.parametrize(
    ("sent", "action", "forgotten"), [([intent(DELETE)], Action.CREATE, (RECORD,)), ([], Action.SKIP, ())]
)
def test_only_what_we_took_away_ourselves_is_planned_to_be_made_again(
    sent: list[Intent], action: Action, forgotten: tuple[Record, ...]
) -> None:
    state: Any = SimpleNamespace(
        records=lambda _route: [RECORD],
        records_in_short=lambda _route, _said: [RECORD],
        open_intents=lambda _route: sent,
        addresses=lambda _destination, besides: {},
        places=lambda _route: {},
        cursor=lambda _route: None,
        history=SimpleNamespace(kept_away=lambda _route: frozenset()),
    )
    plan = prepare(Route("r", MemorySource("s", [ITEM]), MemoryDestination()), state, now=NOW)
    assert [change.action for change in plan.changes if change.key == KEY] == [action]
    assert plan.deleted == forgotten


@pytest.mark.parametrize(
    ("entry", "title"), [(replace(ENTRY, title="Small rooms"), "Small rooms"), (replace(ENTRY, title=""), "Cells")]
)
@pytest.mark.parametrize("course", ["BIO-101", None])
def test_what_a_lost_answer_left_is_remembered_under_the_title_that_stands_there(
    entry: Entry, title: str, course: str | None
) -> None:
    seen = look(OTHER, entry, items=[], records={}, ref=replace(BIO, course=course))
    (known,) = without_record(seen, [intent(UPDATE)])
    assert (known.key, known.ref, known.title, known.course) == (KEY, ENTRY.ref, title, course or "")
    assert (known.fingerprint, known.digest, known.version) == ("print", "digest", ENTRY.version)


@pytest.mark.parametrize(
    ("seen", "sent"),
    [
        (look(ENTRY), intent(UPDATE)),
        (look(OTHER, records={}), intent(UPDATE)),
        (look(UNMARKED, records={}), intent(UPDATE)),
        (look(ENTRY, records={}), intent(COPY)),
        (look(ENTRY, records={}), intent(DELETE, fingerprint="")),
        (look(entries=None, records={}), intent(UPDATE)),
    ],
    ids=["it is remembered", "it never arrived", "nothing says whose it is", "a copy", "a delete", "nobody looked"],
)
def test_nothing_else_is_remembered_for_an_answer_that_never_came(seen: Look, sent: Intent) -> None:
    assert without_record(seen, [sent]) == []


def test_what_was_sent_without_an_answer_is_ours_unless_it_holds_words_of_people() -> None:
    sent = [intent(MERGE, digest="both"), intent(UPDATE, digest="first"), intent(UPDATE, digest="second")]
    sent.append(intent(MERGE, digest="both, newer"))
    assert digests_of(sent) == {(BIO.id, KEY): {"first", "second"}}
    assert merges_of(sent) == {KEY: {("print", "both"), ("print", "both, newer")}}
