"""What is not to be pushed now, because a window is shut or a course frozen: it is told, and done by a later run.

Apart from planning, which would do it.
"""

from collections.abc import Callable
from dataclasses import replace

from lms_bridge.connector import Action, Change
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.run import Plan
from lms_bridge.windows import Closed

_WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.MERGE, Action.HIDE, Action.DELETE})


def hold(plan: Plan, shut: Callable[[str], Closed | None]) -> Plan:
    """`shut` tells of a course whether nothing is to be pushed into it, and until when."""
    changes = tuple(_held(change, shut) for change in plan.changes)
    if changes == plan.changes:
        return plan
    return replace(
        plan,
        changes=changes,
        checksum=checksum(changes),
        approvals=plan.approvals if any(change.guarded for change in changes) else (),
        # Nothing is noted: that something is left to do would be forgotten when the window opens.
        ground=None,
    )


def _held(change: Change, shut: Callable[[str], Closed | None]) -> Change:
    closed = shut(change.course) if change.action in _WRITES else None
    if closed is None:
        return change
    reason = f"nothing is pushed until {closed.until:%Y-%m-%d %H:%M %Z}: {closed.why}"
    return replace(change, action=Action.SKIP, reason=reason, guarded=False)
