"""Three versions of a text made one: what a person and the source changed since their common base. Pure."""

from dataclasses import dataclass

from lms_bridge.markup.digest import digest


@dataclass(frozen=True, slots=True)
class Clash:
    """A spot that both sides changed, each in its own way."""

    base: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class Merge:
    html: str
    clashes: tuple[Clash, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.clashes


def merge(base: str, theirs: str, ours: str) -> Merge:
    if digest(theirs) in (digest(base), digest(ours)):
        return Merge(ours)
    if digest(ours) == digest(base):
        return Merge(theirs)
    return Merge(theirs, (Clash(base, theirs, ours),))
