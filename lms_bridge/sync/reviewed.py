"""What was reviewed is what is applied: refusals of whatever is no longer what somebody looked at, or never was."""

from collections.abc import Iterable, Sequence

from lms_bridge.connector import Change
from lms_bridge.errors import StateError, UsageError
from lms_bridge.sync.intent import Review
from lms_bridge.sync.run import Plan


def nothing_meant(only: Sequence[str]) -> UsageError:
    """For selections that no item of any route fits."""
    return UsageError(
        f"no item is meant by {', '.join(only)}.",
        where="--only",
        next_step="Use course:ID, page:TITLE, prompt:…, review:…, rating:… or a key of `plan --output json`.",
    )


def refuse_unseen(plan: Plan, review: Review) -> None:
    for change in (*plan.changes, *plan.in_step):
        if change.key != review.key or change.place.id != review.place:
            continue
        version = change.entry.version if change.entry is not None else ""
        fingerprint = _fingerprint_of(change)
        if (version, fingerprint) != (review.version, review.fingerprint):
            raise StateError(
                "one of the two sides changed since this was found; nothing was written.",
                where=review.key,
                next_step="Run `lms-bridge sync`, and look at it again with `lms-bridge review show`.",
            )


def _fingerprint_of(change: Change) -> str:
    return change.payload.fingerprint if change.payload is not None else ""


def refuse_unreviewed(plans: Iterable[Plan], checksums: Sequence[str]) -> None:
    for plan in plans:
        if plan.pending and plan.checksum not in checksums:
            raise StateError(
                f"what would be done is no longer what was reviewed (checksum {plan.checksum}); nothing was written.",
                where=f"route {plan.route}",
                next_step="Run `lms-bridge plan` again, and pass the checksum of each route that it shows.",
            )


def refuse_unknown(approved: Sequence[str], plans: Iterable[Plan]) -> None:
    """An approval of what is no longer planned, or of nothing at all, must not pass for one."""
    known = {plan.checksum for plan in plans}
    for checksum in approved:
        if checksum not in known:
            raise UsageError(
                f"no plan has the checksum {checksum} now; nothing was written.",
                where="--approve",
                next_step="Run `lms-bridge plan` again: it shows what waits, and the command that approves it.",
            )
