"""Writing one place: what is committed to the state before a change is sent and after its answer came.

Apart from `apply`, which orders places and phases: this is the part that must be right when the process dies.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from lms_bridge.connector import Action, Body, Change, Entry, Outcome, Payload, Place, Record, Sides, Status
from lms_bridge.errors import BridgeError, Problem, Unreachable
from lms_bridge.items import Key
from lms_bridge.sync.decision import ANSWER_LOST, DRIFT_OVERWRITE, TAKEN_OVER
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.fault import fault
from lms_bridge.sync.intent import COPY, Intent, Settled
from lms_bridge.sync.policy import Drift, Policy
from lms_bridge.sync.remembered import with_base
from lms_bridge.sync.run import Plan
from lms_bridge.sync.stood import OVER, Known, digest_before, image_of, with_before
from lms_bridge.sync.stop import Stop

if TYPE_CHECKING:
    from lms_bridge.sync.state import State

log = logging.getLogger(__name__)
Gather = Callable[[Outcome], None]
Digests = frozenset[str]

_LOOKED_UP = "Sync again: it is looked up before anything is sent."
NOT_TOLD = Problem("It was not told what became of this change.", next_step=_LOOKED_UP)
COPY_NOT_MADE = Problem(
    "What a person left there could not be kept beside ours, so nothing was written over it.", next_step="Sync again."
)
AT_ONCE = 40
"""A run that is to stop ends after so many changes of a place at the most: about what one batch takes."""


@dataclass(frozen=True, slots=True)
class Writer:
    """What a write needs to know besides its place. `adopted` gathers what was adopted, with its record."""

    plan: Plan
    state: "State"
    run: str
    now: datetime
    stop: Stop = field(default_factory=Stop)
    adopted: list[tuple[Change, Record]] = field(default_factory=list)
    torn: list[Record] = field(default_factory=list)
    """Records of what this run wrote and did not arrive whole, without what stands there."""
    turn: Lock = field(default_factory=Lock)
    """Held by the place that is made ready: what one place is to send is out before the next one computes."""

    def write(self, place_id: str, changes: Sequence[Change], gather: Gather) -> bool:
        """Write one place, one outcome a change, until it is time to stop. True when the destination is lost."""
        place = self.plan.places[place_id]
        unreachable = False
        at_once = getattr(place, "at_once", AT_ONCE)
        for at in range(0, len(changes), at_once):
            if self.stop.reason:
                break
            unreachable = self._write(place, changes[at : at + at_once], gather) or unreachable
        return unreachable

    def _write(self, place: Place, changes: Sequence[Change], gather: Gather) -> bool:
        self.state.assure_lease(self.plan.route)
        digests: dict[str, str] = {}
        ready: list[Change] = []
        settling = _Settling(self, gather, getattr(place, "at_once", 1))
        for change in changes:
            known = with_before(place, change)
            if isinstance(known, Change):
                ready.append(known)
            else:
                settling.take(self._settled(place, known, digests))
        with self.turn:
            intents = [intent for change in ready for intent in self._intents(place, change, digests)]
            # Should no answer come nobody else knows what stood there, nor what the write was to leave.
            over = [image_of(place, change, digests) for change in ready if change.action in OVER and change.before]
        self.state.write_intents(intents, [(self.run, self.plan.route, image) for image in over])
        unreachable = False
        # What the state store raises in here is not the place's fault and must end the run.
        for outcome, lost in _told(place, ready):
            unreachable = unreachable or lost
            settling.take(self._settled(place, outcome, digests))
        settling.save()
        return unreachable

    def follow_up(self, policy: Policy) -> list[Change]:
        """Updates of what was just adopted and may be written over: they need no second sync to be in step."""
        updates: list[Change] = []
        for change, record in self.adopted:
            assert change.payload is not None
            signed = change.entry.installation if change.entry else None
            if record.drifted and policy.drift_of(change.kind) is Drift.OVERWRITE:
                reason = DRIFT_OVERWRITE
            elif not record.drifted and record.fingerprint != change.payload.fingerprint:
                reason = ANSWER_LOST
            elif policy.takeover and signed not in (None, policy.installation):
                reason = TAKEN_OVER
            else:
                continue
            update = replace(change, action=Action.UPDATE, reason=reason, record=record)
            updates += self._signed_anew(update) if reason == TAKEN_OVER and record.drifted else [update]
        return updates

    def _signed_anew(self, change: Change) -> list[Change]:
        """What a person left there, with our mark: nothing else of it changes. None where their words cannot be
        written."""
        place = self.plan.places[change.place.id]
        adapt = getattr(place, "adapt", None)
        if adapt is None or change.before is None or change.payload is None:
            return []
        ours = place.expected(change.payload)
        sides = Sides(base=ours, theirs=change.before, ours=ours, merged=change.before)
        return [replace(change, action=Action.MERGE, payload=adapt(change.payload, change.before), sides=sides)]

    def withhold(self, change: Change) -> Outcome:
        """What must not be written, because what it comes after does not stand."""
        outcome = Outcome(change=change, status=Status.FAILED, problem=replace(COPY_NOT_MADE, where=change.key))
        self.save([Settled(outcome=outcome)])
        return outcome

    def forget(self, change: Change) -> Outcome:
        outcome = Outcome(change=change, status=Status.DONE)
        self.save([Settled(outcome=outcome, forget=True)])
        return outcome

    def save(self, settled: Sequence[Settled]) -> None:
        self.state.settle(self.plan.route, self.plan.destination, self.run, settled)

    def _intents(self, place: Place, change: Change, digests: Known) -> Iterator[Intent]:
        """One for each text by which the write is known again without an answer; the whole one comes last."""
        payload = change.payload
        whole = Intent(
            route=self.plan.route,
            place=change.place.id,
            key=change.key,
            run=self.run,
            action=COPY if change.of else change.action.value,
            fingerprint=payload.fingerprint if payload else "",
            digest=body_digest(place.expected(payload), digests) if payload else "",
            opened=self.now,
        )
        halfway = getattr(place, "halfway", None)
        if payload is not None and halfway is not None:
            for digest in sorted({body_digest(body, digests) for body in halfway(payload)} - {whole.digest}):
                yield replace(whole, digest=digest)
        yield whole

    def _settled(self, place: Place, outcome: Outcome, digests: Known) -> Settled:
        change = outcome.change
        if outcome.status is Status.DONE and change.action is not Action.DELETE:
            if outcome.entry is None or change.payload is None:
                outcome = replace(outcome, status=Status.AMBIGUOUS, problem=NOT_TOLD)
            elif _not_kept(place, change, outcome, digests):
                outcome = replace(outcome, status=Status.FAILED, problem=_unkept(change))
        before = digest_before(change, digests)
        if outcome.status is not Status.DONE:
            # It may have arrived, and the next run finds only what it left: nobody else knows what stood there.
            written_over = outcome.status is Status.AMBIGUOUS and change.before is not None
            image = image_of(place, change, digests, outcome) if written_over else None
            return Settled(outcome=outcome, image=image, before=before)
        if change.action is Action.DELETE or change.of is not None:
            deleted = change.action is Action.DELETE
            image = image_of(place, change, digests, outcome)
            return Settled(outcome=outcome, image=image, before=before, forget=deleted, closed=not deleted)
        assert change.payload is not None
        assert outcome.entry is not None
        ours = self.plan.ours.get((change.place.id, change.key), frozenset())
        record = _record(place, outcome, change.payload, ours, digests)
        record = replace(record, fidelity=_fidelity(self.plan.texts.get(change.key), change, outcome.body))
        image = None if change.action is Action.ADOPT else image_of(place, change, digests, outcome)
        if change.action is Action.ADOPT:
            self.adopted.append((replace(change, entry=outcome.entry, before=outcome.body), record))
        elif min(record.fidelity.values(), default=1.0) < 1.0:
            self.torn.append(replace(record, base="", base_fields=None))
        return Settled(outcome=outcome, record=record, image=image, before=before)


class _Settling:
    """Outcomes of one slice, saved together where a place tells them together. Who is killed in between leaves intents,
    which are looked up."""

    def __init__(self, writer: Writer, gather: Gather, together: int) -> None:
        self._writer, self._gather, self._together = writer, gather, together
        self._waiting: list[Settled] = []

    def take(self, settled: Settled) -> None:
        self._waiting.append(settled)
        if len(self._waiting) >= self._together:
            self.save()

    def save(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._writer.save(waiting)
        for settled in waiting:
            self._gather(settled.outcome)


def _not_kept(place: Place, change: Change, outcome: Outcome, digests: Known) -> bool:
    """The destination took the write, and what stands there is still what stood there before."""
    if change.action not in OVER or change.before is None or outcome.body is None or change.payload is None:
        return False
    stands = body_digest(outcome.body, digests)
    if stands != body_digest(change.before, digests):
        return False
    return stands != body_digest(place.expected(change.payload), digests)


def _unkept(change: Change) -> Problem:
    return Problem(
        "the destination took the change, but what stands there did not change.",
        change.key,
        "Look at the entry there: it may be checked out, or wait for an approval. The next sync tries again.",
    )


def _fidelity(text: str | None, change: Change, body: Body | None) -> dict[str, float]:
    """Of a page's own text: what a person added to it is no loss, but what is merged is not the item's alone."""
    if text is None or body is None or change.action not in (Action.CREATE, Action.UPDATE, Action.ADOPT):
        return {}
    from lms_bridge.markup.fidelity import survival

    return {name: round(share, 4) for name, share in asdict(survival(text, body.html)).items()}


def _told(place: Place, changes: Sequence[Change]) -> Iterator[tuple[Outcome, bool]]:
    """Exactly one outcome a change, whatever the connector does, and whether the place could not be reached."""
    waiting: dict[Key, Change] = {change.key: change for change in changes}
    unreachable = False
    try:
        for outcome in place.write(changes):
            if waiting.pop(outcome.change.key, None) is not None:
                yield outcome, False
        problem, status = NOT_TOLD, Status.AMBIGUOUS
    except BridgeError as error:
        # What broke may be the look at what was sent already: the next run looks it up before it sends anything.
        unreachable = isinstance(error, Unreachable)
        problem, status = error.problem, Status.AMBIGUOUS
    except Exception as error:
        log.exception("%s: writing broke off", place.ref.title, extra={"course": place.ref.course})
        problem, status = fault(error, place.ref.title, "written"), Status.AMBIGUOUS
    for change in waiting.values():
        yield Outcome(change=change, status=status, problem=problem), unreachable


def _record(place: Place, outcome: Outcome, payload: Payload, ours: Digests, digests: Known) -> Record:
    change, entry = outcome.change, outcome.entry
    assert entry is not None
    stands = outcome.body if outcome.body is not None else _expected(place, change, payload)
    record = Record(
        key=change.key,
        kind=change.kind,
        place=change.place.id,
        ref=entry.ref,
        name=entry.name or payload.address,
        fingerprint=payload.fingerprint,
        version=entry.version,
        digest=body_digest(stands, digests),
        title=payload.title,
        course=change.course,
        parent=payload.parent,
        fields=dict(payload.fields),
        url=entry.url,
        hidden=change.action is Action.HIDE,
        unseen=entry.unseen,
    )
    record = with_base(record, stands)
    match change.action:
        case Action.MERGE:
            # The next merge begins with what the source alone would have left there.
            expected = _expected(place, change, payload)
            return with_base(replace(record, digest=body_digest(expected, digests), drifted=True), expected)
        case Action.ADOPT if record.digest != body_digest(expected := _expected(place, change, payload), digests):
            return _adopted(record, payload, entry, expected, ours)
        case _:
            return record


def _expected(place: Place, change: Change, payload: Payload) -> Body:
    return change.sides.ours if change.sides else place.expected(payload)


def _adopted(record: Record, payload: Payload, entry: Entry, expected: Body, ours: Digests) -> Record:
    """Ours once, but not what we would write now: a person changed it, or the source did."""
    sent = entry.fingerprint or ""
    if record.digest in ours:
        return replace(record, fingerprint=sent)
    # What would have been ours is remembered, so that it is recognised if it comes back.
    drifted = with_base(replace(record, digest=body_digest(expected), drifted=True), expected)
    if sent and payload.fingerprint.startswith(sent):
        return drifted
    # Nobody knows the text that the person and the source began with.
    return replace(drifted, fingerprint=sent, base="", base_title="", base_fields=None)
