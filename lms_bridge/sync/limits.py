"""Too much at once: deletes and updates beyond the limits wait for approval; everything else goes on.

Apart from the decision table, because a limit looks at a whole route and never at one item.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lms_bridge.connector import Action, Change
from lms_bridge.sync.policy import Limits


def check_limits(
    changes: Sequence[Change], limits: Limits, population: Mapping[str, int]
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """The changes with those beyond a limit marked as guarded, and a sentence for each limit that was met.

    `population` counts the standing entries by place.
    """
    sentences: list[str] = []
    guarded: set[tuple[str, Action]] = set()
    for action, share in ((Action.DELETE, limits.delete_share), (Action.UPDATE, limits.update_share)):
        counts = Counter(change.place.id for change in changes if _counts_as(change) is action)
        titles = {change.place.id: change.place.title for change in changes}
        for place, count in sorted(counts.items()):
            standing = population[place]
            if standing >= limits.population and count > share * standing:
                guarded.add((place, action))
                sentences.append(_share_sentence(action, count, standing, share, titles[place]))
    deletes = sum(_counts_as(change) is Action.DELETE for change in changes)
    if deletes > limits.deletes:
        guarded |= {(change.place.id, Action.DELETE) for change in changes}
        sentences.append(f"{deletes} deletes wait for approval: the limit is {limits.deletes} in one run.")
    if any(change.guarded for change in changes):
        sentences.append("The source lists nothing at all any more: its deletes wait for approval.")
    marked = tuple(
        replace(change, guarded=True) if (change.place.id, _counts_as(change)) in guarded else change
        for change in changes
    )
    return marked, tuple(sentences)


def _counts_as(change: Change) -> Action:
    """What is hidden is taken away from its readers, and a merge is an update."""
    match change.action:
        case Action.HIDE:
            return Action.DELETE
        case Action.MERGE:
            return Action.UPDATE
        case action:
            return action


def _share_sentence(action: Action, count: int, standing: int, share: float, title: str) -> str:
    verb = "waits" if count == 1 else "wait"
    noun = f"{count} {action.value}{'' if count == 1 else 's'}"
    return f"{noun} in {title} {verb} for approval: that is more than {share:.0%} of its {standing} entries."
