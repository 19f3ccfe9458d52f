"""Writing one place: what is committed to the state before a change is sent and after its answer came.

Apart from `apply`, which orders places and phases: this is the part that must be right when the process dies.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.connector import Action, Body, Change, Entry, Outcome, Payload, Place, Record, Status
from lms_bridge.errors import BridgeError, Problem, Unreachable
from lms_bridge.items import Key
from lms_bridge.sync.decision import ANSWER_LOST, DRIFT_OVERWRITE
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.intent import Intent
from lms_bridge.sync.policy import Drift, Policy
from lms_bridge.sync.run import Plan
from lms_bridge.sync.survey import fault

if TYPE_CHECKING:
    from lms_bridge.sync.state import State

log = logging.getLogger(__name__)
Gather = Callable[[Outcome], None]
Digests = frozenset[str]

NOT_TOLD = Problem(
    "It was not told what became of this change.", next_step="Sync again: it is looked up before anything is sent."
)


@dataclass(frozen=True, slots=True)
class Writer:
    """What a write needs to know besides its place. `adopted` gathers what was adopted, with its record."""

    plan: Plan
    state: "State"
    run: str
    now: datetime
    adopted: list[tuple[Change, Record]] = field(default_factory=list)

    def write(self, place_id: str, changes: Sequence[Change], gather: Gather) -> bool:
        """Write one place, one outcome a change. True when the destination could not be reached."""
        place = self.plan.places[place_id]
        self.state.write_intents([self._intent(place, change) for change in changes])
        unreachable = False
        # What the state store raises in here is not the place's fault and must end the run.
        for outcome, lost in _told(place, changes):
            unreachable = unreachable or lost
            gather(self._settled(place, outcome))
        return unreachable

    def follow_up(self, policy: Policy) -> list[Change]:
        """Updates of what was just adopted and may be written over: they need no second sync to be in step."""
        updates = []
        for change, record in self.adopted:
            assert change.payload is not None
            if record.drifted and policy.drift_of(change.kind) is Drift.OVERWRITE:
                reason = DRIFT_OVERWRITE
            elif not record.drifted and record.fingerprint != change.payload.fingerprint:
                reason = ANSWER_LOST
            else:
                continue
            updates.append(replace(change, action=Action.UPDATE, reason=reason, record=record))
        return updates

    def forget(self, change: Change) -> Outcome:
        outcome = Outcome(change=change, status=Status.DONE)
        self.state.settle(self.plan.route, self.plan.destination, self.run, outcome, record=None, forget=True)
        return outcome

    def _intent(self, place: Place, change: Change) -> Intent:
        payload = change.payload
        return Intent(
            route=self.plan.route,
            place=change.place.id,
            key=change.key,
            run=self.run,
            action=change.action.value,
            fingerprint=payload.fingerprint if payload else "",
            digest=body_digest(place.expected(payload)) if payload else "",
            opened=self.now,
        )

    def _settled(self, place: Place, outcome: Outcome) -> Outcome:
        change = outcome.change
        if outcome.status is not Status.DONE:
            self._settle(outcome, None)
            return outcome
        if change.action is Action.DELETE:
            self.state.settle(self.plan.route, self.plan.destination, self.run, outcome, record=None, forget=True)
            return outcome
        if outcome.entry is None or change.payload is None:
            outcome = replace(outcome, status=Status.AMBIGUOUS, problem=NOT_TOLD)
            self._settle(outcome, None)
            return outcome
        ours = self.plan.ours.get((change.place.id, change.key), frozenset())
        record = _record(place, change, change.payload, outcome.entry, outcome.body, ours)
        self._settle(outcome, record)
        if change.action is Action.ADOPT:
            self.adopted.append((replace(change, entry=outcome.entry), record))
        return outcome

    def _settle(self, outcome: Outcome, record: Record | None) -> None:
        self.state.settle(self.plan.route, self.plan.destination, self.run, outcome, record=record)


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
        # By contract the rest was then not sent: nothing of it needs to be looked up.
        unreachable = isinstance(error, Unreachable)
        problem, status = error.problem, Status.FAILED
    except Exception as error:
        log.exception("%s: writing broke off", place.ref.title)
        problem, status = fault(error, place.ref.title, "written"), Status.AMBIGUOUS
    for change in waiting.values():
        yield Outcome(change=change, status=status, problem=problem), unreachable


def _record(place: Place, change: Change, payload: Payload, entry: Entry, body: Body | None, ours: Digests) -> Record:
    expected = place.expected(payload)
    stands = body if body is not None else expected
    record = Record(
        key=change.key,
        kind=change.kind,
        place=change.place.id,
        ref=entry.ref,
        name=entry.name or payload.address,
        fingerprint=payload.fingerprint,
        version=entry.version,
        digest=body_digest(stands),
        base=stands.html,
        title=payload.title,
        course=change.course,
        url=entry.url,
    )
    if change.action is not Action.ADOPT or record.digest == body_digest(expected):
        return record
    # Ours once, but not what we would write now: a person changed it, or the source did.
    sent = entry.fingerprint or ""
    if record.digest in ours:
        return replace(record, fingerprint=sent)
    # What would have been ours is remembered, so that it is recognised if it comes back.
    same = bool(sent) and payload.fingerprint.startswith(sent)
    drifted = replace(record, digest=body_digest(expected), base=expected.html, drifted=True)
    return drifted if same else replace(drifted, fingerprint=sent)
