"""Whatever titles, names, keys and answers of servers hold, none of it goes out by mail, chat or log."""

import dataclasses
import json
import logging
import sys
import types
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.config.notifications import CHANNELS, EmailSettings
from lms_bridge.connector import Action, Change, Ending, Outcome, PlaceRef, Status
from lms_bridge.errors import (
    Ambiguous,
    BridgeError,
    Conflict,
    ContentError,
    Denied,
    DestinationError,
    NotFound,
    SourceError,
    Unreachable,
)
from lms_bridge.items import Kind
from lms_bridge.notify.decide import Known, decide
from lms_bridge.notify.email import mail
from lms_bridge.notify.message import Message
from lms_bridge.notify.news import BROKEN, HEALTHY, news_of, news_of_error
from lms_bridge.notify.web import card, document
from lms_bridge.sync.run import Failure, Report
from lms_bridge.unquoted import Marked, Name, sentence

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
SIGN = "Zzyzx"
"""Of which no sentence of ours has a part."""
ALL = frozenset({"failed", "recovered", "waiting", "expiry"})
KINDS: list[type[BridgeError]] = [
    Ambiguous, Conflict, ContentError, Denied, DestinationError, NotFound, SourceError, Unreachable,
]  # fmt: skip
hostile = st.text(max_size=60).map(lambda text: f"{SIGN}{text}{SIGN}")
addressed: Any = {"host": "h", "from": "a@example.org", "to": ["b@example.org"], "security": "none"}
MAIL = CHANNELS["email"].model_validate(addressed | {"host": "localhost"})


@st.composite
def reports(draw: st.DrawFn) -> Report:
    text = draw(hostile)
    kind = draw(st.sampled_from(Kind))
    place = PlaceRef(kind, text, text, text)
    change = Change(
        action=Action.CREATE, key=text, kind=kind, place=place, course=text, title=text, reason=text, conflict=True
    )
    errors = draw(st.lists(st.sampled_from(KINDS), max_size=4))
    raised = [error(text, where=text, next_step=text).problem for error in errors]
    problems = [dataclasses.replace(each, where=text) for each in raised]
    return Report(
        run="run-1",
        route="pages",
        destination="moodle",
        started=NOW,
        ended=NOW,
        failures=tuple(Failure(text, problem) for problem in problems),
        outcomes=(Outcome(change=change, status=Status.FAILED, problem=problems[0] if problems else None),),
        skipped=(change,),
        held=(change,) * draw(st.integers(0, 2)),
        unreachable=draw(st.booleans()),
        approvals=(text,),
    )


def sent(message: Message) -> str:
    assert isinstance(MAIL, EmailSettings)
    return json.dumps([document(message), card(message)], ensure_ascii=False) + mail(MAIL, message).as_string()


@given(reports())
def test_no_message_about_a_run_holds_a_text_of_it(report: Report) -> None:
    news = news_of(report)
    assert news is not None
    known = {"route:pages": Known(HEALTHY if news.status == BROKEN else BROKEN, NOW)}
    messages = [told.message for told in decide(known, NOW, news=[news], events=ALL) if told.message is not None]
    assert messages
    for message in messages:
        assert SIGN not in sent(message)
        assert "run-1" in sent(message)


@given(hostile, st.sampled_from(KINDS))
def test_nor_does_one_about_a_sync_that_ended_before_its_run(text: str, kind: type[BridgeError]) -> None:
    problem = kind(text, where=text, next_step=text).problem
    (told,) = decide({}, NOW, news=news_of_error(["pages"], problem), events=ALL)
    assert told.message is not None
    assert SIGN not in sent(told.message)


NAMES = {"route", "run", "installation", "console", "news"}
"""What a message says in words of others: names of connectors.yaml, our own run's, and what is only hashed."""


def texts_in(kind: Any, name: str = "") -> Iterator[str]:
    """Every field that could hold any text, however deep."""
    if kind is str:
        yield name
    elif dataclasses.is_dataclass(kind) and kind is not Ending:  # which the settings tell
        for field, hint in get_type_hints(kind).items():
            if field in {each.name for each in dataclasses.fields(kind)}:
                yield from texts_in(hint, field)
    elif get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum | int | date)):
        return
    elif isinstance(kind, types.UnionType) or get_origin(kind) is tuple:
        for part in get_args(kind):
            yield from texts_in(part, name)
    elif hasattr(kind, "__supertype__"):
        yield from texts_in(kind.__supertype__, name)
    elif kind is not Ellipsis and kind is not Ending:
        yield f"{name}: {kind}"


def test_a_message_has_no_field_for_a_text_of_others() -> None:
    assert set(texts_in(Message)) == NAMES


# The log


def record(words: str, *given: object, name: str = "lms_bridge.sync.writing", error: Any = None) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "file.py", 1, words, given, error)


@given(hostile)
def test_a_record_tells_its_sentence_its_numbers_and_names_and_nothing_else(text: str) -> None:
    told = sentence(record("%s: %d of %s are lost by %s: %s", Name("pages"), 3, text, text, Denied(text)))
    assert told == "pages: 3 of … are lost by …: a credential is not taken, or a right lacks"
    assert SIGN not in sentence(record("%d pages", text)), "a sentence that does not fit is told as it stands"


@given(hostile)
def test_of_an_error_its_type_and_where_it_arose_are_told_without_its_words(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError:
        line = Marked("mark ").format(record("it broke", error=sys.exc_info()))
    assert json.loads(line.removeprefix("mark "))["event"].startswith("it broke (KeyError at test_nothing_quoted.py:")
    assert SIGN not in line


@given(hostile)
def test_of_a_library_it_is_told_only_that_it_said_something(text: str) -> None:
    assert sentence(record(text, name="urllib3.connectionpool")) == "urllib3 has something to say"
