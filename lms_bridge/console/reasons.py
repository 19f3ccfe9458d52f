"""Why something waits for a person, in the console's words: those of the core name commands, and speak English."""

from collections.abc import Callable

from lms_bridge.sync.decision import DRIFT_CONFLICT, DRIFT_GONE, MARK_OF_OTHERS, NAME_TAKEN, REF_TAKEN


def reason_here(reason: str, translated: Callable[[str], str]) -> str:
    """What is not known here is told as it is."""
    for core, ours in _OURS.items():
        if reason.endswith(core):
            # Something may be told before it.
            return reason.removesuffix(core) + translated(ours)
    return reason


def _(words: str) -> str:
    """Marks words for translators; they are translated where they are shown."""
    return words


_OURS = {
    DRIFT_CONFLICT: _(
        "a person changed it on the destination since we wrote it, and the source changed, too: "
        "compare both under Reviews, and choose what is to stand"
    ),
    DRIFT_GONE: _(
        "its item is gone from the source, but a person changed it since we wrote it; it is not taken away: "
        "remove it there by hand, or put the item back into the source"
    ),
    MARK_OF_OTHERS: _(
        "it carries the mark of another installation of lms-bridge and is left untouched: "
        "take this item out of one of the two, "
        "or have whoever runs them stop the other one and take over what is its own"
    ),
    NAME_TAKEN: _(
        "something that is not ours stands there under the same name; it is left untouched: "
        "rename or remove that one, or give the item another title"
    ),
    REF_TAKEN: _(
        "something that is not ours stands where it was; it is left untouched: look there, and remove what is wrong"
    ),
}
