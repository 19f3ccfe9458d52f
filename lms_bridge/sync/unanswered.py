"""What writes without an answer may have left: how it would be known as ours, and what is settled by looking."""

from collections.abc import Iterable, Sequence

from lms_bridge.connector import Action, Record
from lms_bridge.items import Key, mark
from lms_bridge.sync.intent import COPY, Intent
from lms_bridge.sync.survey import Look


def digests_of(intents: Iterable[Intent]) -> dict[tuple[str, Key], frozenset[str]]:
    """How unanswered writes would read back. A merge holds words of people: it is never taken for ours alone."""
    digests: dict[tuple[str, Key], frozenset[str]] = {}
    for intent in intents:
        if intent.action == Action.MERGE:
            continue
        at = (intent.place, intent.key)
        digests[at] = digests.get(at, frozenset()) | {intent.digest}
    return digests


def merges_of(intents: Iterable[Intent]) -> dict[Key, frozenset[tuple[str, str]]]:
    merges: dict[Key, frozenset[tuple[str, str]]] = {}
    for intent in intents:
        if intent.action == Action.MERGE:
            merges[intent.key] = merges.get(intent.key, frozenset()) | {(intent.fingerprint, intent.digest)}
    return merges


def without_record(look: Look, intents: Sequence[Intent]) -> list[Record]:
    """Entries that a lost answer left without a record, and whose item is gone since: ours all the same."""
    by_mark = {entry.mark: entry for entry in look.entries or () if entry.mark is not None}
    known = {*look.records, *look.keys}
    gone = {i.key: i for i in intents if i.key not in known and i.fingerprint and i.action != COPY}
    return [
        Record(
            key=key,
            kind=look.ref.kind,
            place=look.ref.id,
            ref=entry.ref,
            name=entry.name,
            fingerprint=intent.fingerprint,
            version=entry.version,
            digest=intent.digest,
            title=entry.title or entry.name,
            course=look.ref.course or "",
        )
        for key, intent in gone.items()
        if (entry := by_mark.get(mark(key))) is not None
    ]


def deleted_without_answer(look: Look, intents: Sequence[Intent], *, whole: bool) -> list[Record]:
    """Records whose entry is gone because of us: no person deleted them, should the source have their item again.

    An item that a `whole` listing still does not have is forgotten in the usual way, and told.
    """
    if look.entries is None or look.problem is not None:
        return []
    last = {intent.key: intent.action for intent in intents if intent.place == look.ref.id}
    refs = {entry.ref for entry in look.entries}
    marks = {entry.mark for entry in look.entries}
    return [
        record
        for key, record in look.records.items()
        if last.get(key) == Action.DELETE
        and (key in look.keys or not whole)
        and record.ref not in refs
        and mark(key) not in marks
    ]
