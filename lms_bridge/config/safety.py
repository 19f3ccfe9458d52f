"""Rules that would leave people believing they are protected, or that cannot be kept: refused when the file is read.

Apart from the models, because each looks at several keys, or at several routes, at once.
"""

from collections.abc import Iterator, Mapping

from lms_bridge.config.document import Document, KeyPath
from lms_bridge.config.model import PolicySettings, RootSettings, RouteSettings
from lms_bridge.config.schedule import WindowSettings
from lms_bridge.errors import Problem
from lms_bridge.items import Kind

_NO_LIMIT = 1_000
"""A limit of so many deletes in one run holds nothing back on most sites."""
_FIGURES = "Ratings are figures that the bridge computes: write `report` or `overwrite` for `rating`."


def unsafe(document: Document, root: RootSettings) -> Iterator[Problem]:
    for name, route in root.routes.items():
        yield from _limits(document, name, route.policy)
        yield from _drift(document, name, route)
        yield from _freezes(document, ("routes", name, "windows", "freeze"), route.windows)
    yield from _freezes(document, ("windows", "freeze"), root.windows)
    yield from _doubled(document, root.routes)


def _limits(document: Document, name: str, policy: PolicySettings) -> Iterator[Problem]:
    prune = policy.prune
    words = {prune} if isinstance(prune, str) else set(prune.values())
    limits = policy.limits
    if words <= {"report"} or limits.deletes < _NO_LIMIT:
        return
    if limits.delete_share >= 1 or limits.population >= _NO_LIMIT:
        yield Problem(
            "these limits hold nothing back: a source that lost its content would empty this destination.",
            document.where(("routes", name, "policy", "limits")),
            f"Set `deletes` under {_NO_LIMIT:,}, or `delete_share` under 1 and `population` under {_NO_LIMIT:,}.",
        )


def _drift(document: Document, name: str, route: RouteSettings) -> Iterator[Problem]:
    drift = route.policy.drift
    where = document.where(("routes", name, "policy", "drift"))
    by_kind = dict.fromkeys(set(route.kinds) - {Kind.RATING}, drift) if isinstance(drift, str) else drift
    for kind, word in by_kind.items():
        if kind is Kind.RATING and word in ("merge", "keep_both"):
            yield Problem(f"ratings cannot be treated by `{word}`.", where, _FIGURES)
        if kind is Kind.REVIEW and word == "keep_both":
            step = "Write `report`, `merge` or `overwrite` for `review`."
            yield Problem("a review is one person's: it cannot stand there twice.", where, step)


def _freezes(document: Document, path: KeyPath, windows: WindowSettings) -> Iterator[Problem]:
    """By the moments that are meant: one end may be written with an offset, and the other without."""
    for number, freeze in enumerate(windows.freezes()):
        if freeze.begin >= freeze.end:
            at = (*path, number)
            # The moments are not told: an end that is a day is meant as the first moment after it.
            begin, end = document.written((*at, "from")), document.written((*at, "to"))
            step = f"It is from {begin} to {end}: exchange `from` and `to`, or mend one of them."
            yield Problem("its end is not after its beginning.", document.where((*at, "to")), step)


def _doubled(document: Document, routes: Mapping[str, RouteSettings]) -> Iterator[Problem]:
    seen: dict[tuple[str, str, Kind], str] = {}
    for name, route in routes.items():
        twins = {seen[at] for kind in route.kinds if (at := (route.source, route.destination, kind)) in seen}
        for twin in sorted(twins):
            yield Problem(
                f"brings the same items to the same destination as the route {twin!r}.",
                document.where(("routes", name)),
                "Give each of the two kinds of its own, or remove one.",
            )
        for kind in route.kinds:
            seen.setdefault((route.source, route.destination, kind), name)
