"""What people decided about plans, in the words of the audit trail. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from lms_bridge.audit.line import Act, Deed, named
from lms_bridge.sync.policy import Answers, Edited
from lms_bridge.sync.run import Plan, Route


def acts_of(
    routes: Iterable[Route],
    plans: Sequence[Plan],
    run: str,
    *,
    approved: Collection[str],
    answers: Answers,
    overridden: Mapping[str, str],
) -> list[Act]:
    """Told before anything of it is done. `overridden`: why a window forbids a route that a person lets run."""
    acts = [Act(deed=Deed.TAKEOVER, route=route.name, run=run) for route in routes if route.policy.takeover]
    acts += [Act(deed=Deed.WINDOW, route=route, run=run, about=why) for route, why in overridden.items()]
    for plan in plans:
        if plan.checksum in approved and any(change.guarded for change in plan.changes):
            acts.append(Act(deed=Deed.APPROVE, route=plan.route, run=run, about=plan.checksum))
        kinds = {change.key: change.kind for change in (*plan.changes, *plan.in_step)} if answers else {}
        for key, answer in answers.items():
            if key in kinds:
                called = named(key, kinds[key])
                about = "edited" if isinstance(answer, Edited) else answer.value
                acts.append(Act(deed=Deed.RESOLVE, route=plan.route, run=run, key=called, about=about))
    return acts
